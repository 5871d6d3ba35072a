"""How many boards and brokers a stream of tweets needs, what they cost, and what gives way next."""
