"""In place of rich, which what `make install` puts on a board does not hold."""

raise ImportError("there is no rich on a board")
