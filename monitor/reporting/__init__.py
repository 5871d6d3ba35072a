"""``monitor report``: how each entity stands, as a table, data or a page."""
