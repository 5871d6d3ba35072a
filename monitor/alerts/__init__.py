"""Alerts: an entity's share of negative tweets, or their number, has risen (docs/alerts.md)."""
