"""Chunks of files on their way through an engine, and in which order they are written."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from monitor.archive.formats import Chunk, FormatError, LabelledChunk
from monitor.archive.inputs import Input
from monitor.archive.question import Columns
from monitor.inference import Classifier


@dataclass(frozen=True, slots=True)
class Work:
    """A chunk to label."""

    input: Input
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk that has been labelled."""

    input: Input
    labelled: LabelledChunk
    read: float
    """How much of the file has been read with it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of a file."""

    input: Input
    error: str = ""
    """Why it cannot be read any further, if so."""


Unlabelled: TypeAlias = Work | End
Done: TypeAlias = Piece | End


class Engine(Protocol):
    """Labels what is in files, on one machine or many."""

    def label(self, inputs: Sequence[Input]) -> Iterator[Done]:
        """Give every file's pieces and its end, file by file and in order.

        Raises:
            EngineError: if the engine fails, rather than a file.
        """


class EngineError(Exception):
    """The engine cannot go on; the message says why."""


def read(inputs: Sequence[Input], question: Columns) -> Iterator[Unlabelled]:
    """Read files one after the other, in bounded memory; one that is damaged stops no other."""
    for one in inputs:
        error = ""
        try:
            for chunk in one.format.read(one.path, question):
                yield Work(one, chunk)
        except OSError as raised:
            error = raised.strerror or str(raised)
        except (FormatError, EOFError, zlib.error) as raised:
            error = str(raised)
        yield End(one, error)


def label(item: Unlabelled, classifier: Classifier, question: Columns) -> Done:
    """Label a chunk; pass on an end."""
    if isinstance(item, End):
        return item
    labelled = item.input.format.label(item.chunk, classifier, question)
    return Piece(item.input, labelled, item.chunk.read)
