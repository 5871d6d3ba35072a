"""``monitor demo``: the whole way of a tweet on embedded parts. Needs the extra [demo]."""
