"""Tests of `monitor.labelling`."""
