"""Tests of monitor/daemon."""
