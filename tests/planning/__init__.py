"""Tests of `monitor.planning`."""
