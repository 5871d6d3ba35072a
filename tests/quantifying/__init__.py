"""Tests of monitor.quantifying."""
