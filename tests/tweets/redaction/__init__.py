"""Redaction, as it is tried on invented numbers and measured on tweets."""
