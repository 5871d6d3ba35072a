"""Ctrl-C while C++ works."""

import signal
import threading

import pytest

from monitor.lab.training.interrupts import held_back


def interrupt(noted: list[str], note: str) -> None:
    """Interrupt this process, and go on."""
    with held_back():
        signal.raise_signal(signal.SIGINT)
        noted.append(note)


def test_takes_effect_afterwards() -> None:
    """What runs is not torn apart, and the interrupt is not lost."""
    noted: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt(noted, "done")

    assert ["done"] == noted
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


def test_one_inside_another() -> None:
    """The outermost gives way."""
    noted: list[str] = []

    def outer() -> None:
        with held_back():
            interrupt(noted, "inner")
            noted.append("outer")

    with pytest.raises(KeyboardInterrupt):
        outer()

    assert ["inner", "outer"] == noted


def test_in_spite_of_an_error() -> None:
    """An error of what runs goes with the interrupt that it may come from."""

    def broken() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            raise SystemError

    with pytest.raises(KeyboardInterrupt) as caught:
        broken()

    assert isinstance(caught.value.__context__, SystemError)


def test_without_an_interrupt() -> None:
    """Nothing changes."""
    with pytest.raises(ValueError, match="mine"), held_back():
        raise ValueError("mine")


def test_other_threads() -> None:
    """They are never interrupted, and may not touch handlers."""
    ran = []

    def run() -> None:
        with held_back():
            ran.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert [signal.default_int_handler] == ran
