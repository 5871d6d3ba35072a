"""What the program wrote and read before its modules moved into rooms must go on working.

``monitor.db.gz`` is a store of that program (`tests.benchmarks.history`: 60 invented tweets in
three days), ``report.json`` what it said of it, ``config.toml`` the sample that came with it.
"""
