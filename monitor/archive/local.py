"""The engine that needs nothing more: the cores of this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from monitor.archive.inputs import Input
from monitor.archive.question import Columns
from monitor.archive.stream import Done, label, read
from monitor.inference import Classifier


class Local:
    """A thread a worker, each with a chunk; a chunk's micro-batches share the interpreters."""

    def __init__(self, classifier: Classifier, question: Columns) -> None:
        self._classifier = classifier
        self._question = question
        self._pool = ThreadPoolExecutor(classifier.workers, "archive")

    def label(self, inputs: Sequence[Input]) -> Iterator[Done]:
        """Give every file's pieces and its end, file by file and in order.

        Two chunks a worker are held at most.
        """
        ahead: deque[Future[Done]] = deque()
        for item in read(inputs, self._question):
            ahead.append(self._pool.submit(label, item, self._classifier, self._question))
            if len(ahead) > 2 * self._classifier.workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The classifier first: a chunk that waits for it ends at once.
        self._classifier.close()
        self._pool.shutdown(cancel_futures=True)
