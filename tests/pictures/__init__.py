"""Tests of `monitor.pictures`."""
