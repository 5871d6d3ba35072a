"""The tests mirror the code: test_x.py is about monitor/x.py, or about what x promises."""
