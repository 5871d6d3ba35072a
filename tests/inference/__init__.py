"""Tests of monitor/inference."""
