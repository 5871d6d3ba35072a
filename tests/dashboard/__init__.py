"""Tests of `monitor.dashboard`."""
