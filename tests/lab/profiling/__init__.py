"""Tests of `monitor.lab.profiling`."""
