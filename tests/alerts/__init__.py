"""Tests of monitor/alerts."""
