"""Tests of monitor/publishing."""
