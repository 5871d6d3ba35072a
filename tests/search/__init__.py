"""Tests of `monitor.search`."""
