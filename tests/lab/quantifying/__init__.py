"""Tests of monitor.lab.quantifying."""
