"""Tests of monitor/settings."""
