"""Tests of `monitor.lab.search`."""
