"""Tests of `monitor.topics`."""
