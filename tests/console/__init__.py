"""Tests of monitor/console."""
