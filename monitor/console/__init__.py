"""Text for terminals, pipes and spreadsheets, and standard streams that may be closed or full."""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.console.counting import counted as counted
    from monitor.console.errors import describe as describe
    from monitor.console.spreadsheet import csv_lines as csv_lines
    from monitor.console.spreadsheet import harmless as harmless
    from monitor.console.strict import strict_json as strict_json
    from monitor.console.terminal import Glyphs as Glyphs
    from monitor.console.terminal import as_json as as_json
    from monitor.console.terminal import escaped as escaped
    from monitor.console.terminal import fit as fit
    from monitor.console.terminal import glyphs as glyphs
    from monitor.console.terminal import printable as printable
    from monitor.console.terminal import width as width
    from monitor.console.terminal import wrap as wrap

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "counting": ("counted",),
            "errors": ("describe",),
            "spreadsheet": ("csv_lines", "harmless"),
            "strict": ("strict_json",),
            "terminal": (
                "Glyphs",
                "as_json",
                "escaped",
                "fit",
                "glyphs",
                "printable",
                "width",
                "wrap",
            ),
        },
    )
