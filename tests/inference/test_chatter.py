"""``monitor.inference.chatter``: what libraries say is dropped, what went wrong is not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.inference.chatter import without_chatter


def test_chatter_is_dropped_and_errors_pass(capfd: pytest.CaptureFixture[str]) -> None:
    """Lines of TensorFlow below errors go; errors and other people's lines stay, in order."""
    with without_chatter():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        os.write(2, b"E0000 00:00:1.2    77 a.cc:1] broken\n")
        os.write(2, b"W0000 00:00:1795277089.304984   24448 b.cc:364] Ignored output_format.\n")
        os.write(2, b"I am no chatter\n")

    assert "E0000 00:00:1.2    77 a.cc:1] broken\nI am no chatter\n" == capfd.readouterr().err


def test_threads_do_not_restore_each_others(capfd: pytest.CaptureFixture[str]) -> None:
    """Many at once: descriptor 2 is the same file afterwards, and nothing is lost."""

    def talk(number: int) -> None:
        with without_chatter():
            os.write(2, b"line %d\n" % number)

    before = os.fstat(2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(32)))

    after = os.fstat(2)
    assert (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)
    assert {f"line {i}" for i in range(32)} == set(capfd.readouterr().err.splitlines())
