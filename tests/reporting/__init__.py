"""Tests of `monitor.reporting`."""
