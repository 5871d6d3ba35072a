"""Tests of ``monitor.metrics``."""
