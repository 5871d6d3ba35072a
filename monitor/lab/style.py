"""How the lab's pictures look: colours and lines of matplotlib's.

Colours are Okabe and Ito's, which colour-blind people can tell apart; no meaning rests on colour
alone.
"""

from typing import Any, Final

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
GREY: Final = "#555555"

STYLE: Final[dict[Any, Any]] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "monitor",  # the same results make the same file
}
