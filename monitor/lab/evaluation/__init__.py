"""What a model answers to labelled tweets, and how good, fast and large it is.

Runs on what a board has: neither PyTorch nor TensorFlow; pictures need matplotlib.
"""
