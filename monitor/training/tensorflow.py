"""TensorFlow, which greets whoever imports it, without the greeting."""

from monitor.chatter import without_chatter

with without_chatter():
    import tensorflow as tf

__all__ = ["tf"]
