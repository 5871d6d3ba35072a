"""Label tweets from an MQTT topic with a quantized MobileBERT, offline, into SQLite."""

__version__ = "0.1.0"

DEFAULT_MODEL = "accurate"
"""The model that labels unless the configuration names another; its folder is in the wheel."""
