"""Several logs joined into one."""
