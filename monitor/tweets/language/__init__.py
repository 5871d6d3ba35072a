"""Which language a text is in: whether a model that reads some languages can label it."""
