"""Tests of `monitor.merging`."""
