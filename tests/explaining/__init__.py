"""Tests of `monitor.explaining`."""
