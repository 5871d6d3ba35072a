"""Tests of monitor/standings."""
