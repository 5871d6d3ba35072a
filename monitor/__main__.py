"""``python -m monitor``."""

from monitor.cli import main

if __name__ == "__main__":
    try:
        main()
    finally:
        # A Ctrl-C that breaks into a string being executed, as importing libraries does it, Python
        # remembers until the next: it would end by the signal itself instead of our exit code.
        exec("")  # noqa: S102
