"""Which structure fits a board: a weight-sharing network, a search over it, and a guarantee.

Needs the extra [search].
"""
