"""Tests of `monitor.profiling`."""
