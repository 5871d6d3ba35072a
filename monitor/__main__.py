"""The program: ``monitor``, or ``python -m monitor``."""

import sys

from monitor import early


def main() -> None:
    """Run the command that was typed."""
    early.install(sys.argv[1:])
    try:
        from monitor.cli import main as commands

        commands()
    finally:
        # A Ctrl-C that breaks into a string being executed, as importing libraries does it, Python
        # remembers until the next: it would end by the signal itself instead of our exit code.
        exec("")  # noqa: S102


if __name__ == "__main__":
    main()
