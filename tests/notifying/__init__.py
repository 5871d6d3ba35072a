"""Tests of `monitor.notifying`."""
