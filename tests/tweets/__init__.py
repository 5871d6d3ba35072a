"""Tests of monitor/tweets."""
