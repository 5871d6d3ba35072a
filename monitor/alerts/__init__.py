"""Alerts: an entity's share of negative tweets has risen (docs/alerts.md)."""
