"""Where models are made, searched, measured and compared, on a computer rather than a board.

The rest of the program imports nothing of it.
"""
