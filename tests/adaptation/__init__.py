"""Tests of monitor.adaptation."""
