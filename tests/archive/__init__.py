"""``monitor.archive``."""
