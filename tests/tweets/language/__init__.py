"""Tests of monitor/tweets/language."""
