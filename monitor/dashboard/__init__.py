"""``monitor dashboard``: the log in a browser. Needs the extra [dashboard].

Datasette answers queries, read-only; the front page and the look are ours. No page has a script,
and all that a page may load is this server's style sheet.
"""
