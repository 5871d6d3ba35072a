"""Tests of `monitor.watching`."""
