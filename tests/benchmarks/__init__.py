"""Benchmarks, run by ``make bench``: figures for people, never a timed test."""
