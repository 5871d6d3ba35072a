"""``monitor topics``: the words that stand out in a time, and the stories that are told in it."""
