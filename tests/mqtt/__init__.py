"""Tests of monitor/mqtt."""
