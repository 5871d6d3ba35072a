"""Label tweets from an MQTT topic with a quantized MobileBERT, offline, into SQLite."""

__version__ = "0.1.0"
