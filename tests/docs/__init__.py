"""The documentation: what it shows is run or checked, and what is generated is up to date."""
