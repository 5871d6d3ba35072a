"""Tests of the tool-chain."""
