"""Sentences written for this project (sentences.toml), said in very many ways, to learn from.

What the public collections hardly hold: plain complaints, crisis news, comparisons of two, adverts,
emoji alone. The label is certain by construction.
"""
