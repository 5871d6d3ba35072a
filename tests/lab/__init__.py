"""Tests of monitor/lab."""
