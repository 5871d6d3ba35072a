"""``monitor watch``: the log, live, in the terminal."""
