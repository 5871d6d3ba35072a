"""How many boards and brokers a stream of tweets needs, and what they cost."""
