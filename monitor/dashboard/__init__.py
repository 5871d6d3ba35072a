"""``monitor dashboard``: the log in a browser. Needs the extra [dashboard]."""
