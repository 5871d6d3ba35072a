"""Texts to labels: tokenize, group by length, run.

A micro-batch is one worker's job from text to label: each worker owns a tokenizer's output and an
interpreter, so nothing is shared, no core waits for another at the end of a batch, and the order
of batches is the order of their futures.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from monitor.console import counted
from monitor.inference.asking import Asking, Read
from monitor.inference.interpreter import Interpreter, choose_runtime
from monitor.inference.marking import OTHER, TARGET, spell_emoji
from monitor.inference.model import Model, ModelError
from monitor.tweets import Entity
from monitor.tweets.language.languages import Languages
from monitor.verdict import UNREAD, Answer, Pair, Verdict

# Its own threads would fight the workers for the cores.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

GROUP_SIZE: Final = 8
"""Tweets per inference: more gain nothing (docs/decisions/0007-groups-of-eight.md)."""

CHARACTERS_PER_TOKEN: Final = 12
"""Text beyond this many characters a token of room is cut before tokenizing: bounded time."""
_LONGEST_WORD: Final = 48
"""A word of more characters is an unknown one: WordPiece takes time by the square of its length."""
_FEW_CHARACTERS_PER_TOKEN: Final = 2
"""Text of more is tokenized once for all its entities."""


class Classifier:
    """A pool of single-threaded interpreters, one a worker.

    Use as a context manager, or `close` it.
    """

    def __init__(
        self,
        model: Model,
        workers: int = 0,
        runtime: str = "auto",
        entities: Sequence[Entity] = (),
        *,
        refuse_other_languages: bool = False,
    ) -> None:
        """Load the model once a worker.

        Args:
            model: a verified model.
            workers: threads with an interpreter each; 0 for one a core.
            runtime: as ``[model] runtime``.
            entities: those configured. A model that reads marks is told by their names and aliases
                who is meant in a text, and who is another; one that reads names needs none.
            refuse_other_languages: answer `UNREAD` to texts in languages that the model does not
                read. Off where labels of known texts are measured, and in the daemon, whose
                collector has seen to it.

        Raises:
            ModelError: if the runtime is missing or refuses the model, or the tokenizer is
                unusable.
            ValueError: if no text can be searched for the entities (`EntityMatcher`).
        """
        self.model = model
        self._asking = Asking(entities, self.readable) if model.reads == "marks" else None
        refusing = refuse_other_languages and model.languages
        self._languages = Languages(model.languages, entities) if refusing else None
        self.runtime = choose_runtime(runtime)
        self.workers = workers or len(os.sched_getaffinity(0))
        self._tokenizer = _tokenizer(model)
        largest = (GROUP_SIZE, model.max_length)
        interpreters = [
            Interpreter(model.flatbuffer, self.runtime, largest) for _ in range(self.workers)
        ]
        self._local = threading.local()
        self.progress = time.monotonic()
        """When any worker last finished a group."""
        self._pool = ThreadPoolExecutor(
            self.workers, "classify", initializer=lambda: self._adopt(interpreters.pop())
        )

    def _adopt(self, interpreter: Interpreter) -> None:
        self._local.interpreter = interpreter

    def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
        """Queue a micro-batch; its verdicts come in the order of its pairs."""
        try:
            return self._pool.submit(self._classify, pairs)
        except RuntimeError as error:  # closed meanwhile: as if queued and dropped
            raise CancelledError from error

    def classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Classify one micro-batch and wait for it."""
        return self.submit(pairs).result()

    def stream(self, pairs: Iterable[Pair], batch: int = 64) -> Iterator[Verdict]:
        """Classify any number of pairs in bounded memory, keeping their order.

        Args:
            pairs: consumed as the answers are taken, at most ``workers + 1`` batches ahead.
            batch: pairs per micro-batch.
        """
        source = iter(pairs)
        ahead: deque[Future[list[Verdict]]] = deque()
        while chunk := list(itertools.islice(source, batch)):
            ahead.append(self.submit(chunk))
            if len(ahead) > self.workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()

    def check(self) -> None:
        """Ask for the label of the model's known tweet.

        Raises:
            ModelError: if it differs: the file is as it was measured, this machine is not.
        """
        known = self.model.known
        self._check_outputs()
        try:
            (verdict,) = self.classify([self._known()])
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.model.folder}: the runtime ({self.runtime}) cannot label the known tweet:"
                f" {error}; restore the model, or export it again"
            ) from error
        for task, expected in known.labels.items():
            if verdict[task].label != expected:
                raise ModelError(
                    f"{self.model.folder}: on this machine ({self.runtime}) the known tweet's"
                    f" {task} comes out as {verdict[task].label!r} instead of {expected!r}; restore"
                    " the model, or export it again"
                )

    def _known(self) -> Pair:
        """Return the known tweet as it was read when its labels were made: whoever is configured.

        Else a board whose owner has configured a word of it would take its model for a bad one.
        """
        pair = (self.model.known.text, self.model.known.entity)
        return Asking((), self.readable).read([pair])[0] if self._asking else pair

    def _check_outputs(self) -> None:
        ids = np.ones((1, 1), np.int32)
        outputs = self._pool.submit(lambda: self._local.interpreter(ids, ids - 1)).result()
        for task, labels in self.model.tasks.items():
            found = outputs[task].shape[1] if task in outputs else 0
            if found != len(labels):
                raise ModelError(
                    f"{self.model.folder}: model.toml names"
                    f" {counted(len(labels), 'label')} for {task}, model.tflite has {found}"
                )

    def close(self) -> None:
        """Finish what is running, drop what is queued, end the threads."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def readable(self) -> int:
        """Characters of a text at whose beginning is all that the model can read of it."""
        return self.model.max_length * CHARACTERS_PER_TOKEN

    def read(self, pairs: Sequence[Pair]) -> list[Read]:
        """Return what the model reads, which may be asked in the place of the pairs.

        Of a model that reads names that is text and name; of one that reads marks the marked text,
        in which emoji stand as signs until they are tokenized.
        """
        return self._asking.read(pairs) if self._asking else [Read(*pair) for pair in pairs]

    def tokenize(self, pairs: Sequence[Pair]) -> list[Encoding]:
        """Tokenize pairs, truncated to the model's length and not padded."""
        return self._encode(self.read(pairs))

    def _encode(self, pairs: Sequence[Read]) -> list[Encoding]:
        """Tokenize what is read.

        The tokenizer lays out what it truncates, too: of a pair every piece of the text beside
        every piece of the entity. So parts that are long are tokenized and truncated by themselves
        first, once a text. The tokens are the same (but for which of two parts, both longer than
        half of the model's length, gets the odd one).
        """
        lengths = (self.model.max_length * _FEW_CHARACTERS_PER_TOKEN, self.model.max_length)
        whole: dict[int, str | tuple[str, str]] = {}
        for i, (text, entity) in enumerate(pairs):
            if len(text) <= lengths[0] and len(entity or "") <= lengths[1]:
                written = self._written(text)
                if len(written) <= lengths[0]:
                    whole[i] = written if entity is None else (written, entity)
        encodings = dict(
            zip(whole, self._tokenizer.encode_batch_fast([*whole.values()]), strict=True)
        )
        parts: dict[str, Encoding] = {}
        for i, (text, entity) in enumerate(pairs):
            if i not in whole:
                encodings[i] = self._tokenizer.post_process(
                    self._part(text, parts), None if entity is None else self._part(entity, parts)
                )
        return [encodings[i] for i in range(len(pairs))]

    def _written(self, text: str) -> str:
        """Return what the tokenizer is given: of a marked text the emoji in words."""
        return spell_emoji(text) if self._asking else text

    def _part(self, part: str, known: dict[str, Encoding]) -> Encoding:
        if part not in known:
            text, half = part[: self.readable], self.readable // 2
            if len(text) > half and (space := text.rfind(" ", 0, half)) > 0:
                known[part] = self._tokens(text[:space])
                if known[part].overflowing:  # it fills the model, but of odd texts
                    return known[part]
            known[part] = self._tokens(text)
        return known[part]

    def _tokens(self, part: str) -> Encoding:
        (found,) = self._tokenizer.encode_batch_fast(
            [self._written(part)[: self.readable]], add_special_tokens=False
        )
        return found

    def infer(self, encodings: Sequence[Encoding], interpreter: Interpreter) -> list[Verdict]:
        """Run tokenized pairs in groups of similar length on the calling thread."""
        verdicts: list[Verdict] = [{}] * len(encodings)
        by_length = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
        for start in range(0, len(by_length), GROUP_SIZE):
            group = by_length[start : start + GROUP_SIZE]
            outputs = interpreter(*_padded([encodings[i] for i in group]))
            for i, verdict in zip(group, self._verdicts(outputs), strict=True):
                verdicts[i] = verdict
            self.progress = time.monotonic()
        return verdicts

    def _classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
        if self._languages is None:
            return self.infer(self.tokenize(pairs), self._local.interpreter)
        refused = [
            self._languages.other(text, names=(entity or "",)) is not None for text, entity in pairs
        ]
        asked = [pair for pair, no in zip(pairs, refused, strict=True) if not no]
        verdicts = iter(self.infer(self.tokenize(asked), self._local.interpreter))
        return [UNREAD if no else next(verdicts) for no in refused]

    def _verdicts(self, outputs: Mapping[str, npt.NDArray[np.float32]]) -> Iterator[Verdict]:
        answers = []
        for task, labels in self.model.tasks.items():
            best = outputs[task].argmax(axis=1).tolist()
            rows = outputs[task].tolist()
            answers.append(
                [
                    Answer(labels[i], dict(zip(labels, row, strict=True)))
                    for i, row in zip(best, rows, strict=True)
                ]
            )
        return (dict(zip(self.model.tasks, row, strict=True)) for row in zip(*answers, strict=True))


def _tokenizer(model: Model) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(model.tokenizer)
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{model.folder / 'tokenizer.json'}: {error}") from error
    words = tokenizer.model
    words.max_input_chars_per_word = min(words.max_input_chars_per_word, _LONGEST_WORD)
    if model.reads == "marks":
        for mark in (TARGET, OTHER):
            if len(tokenizer.encode(mark, add_special_tokens=False).ids) != 1:
                raise ModelError(
                    f"{model.folder / 'tokenizer.json'}: {mark} is no token of it, yet model.toml"
                    ' says reads = "marks"; restore the model, or export it again'
                )
    # The longer of the two gives way: the text, unless the entity is half of the model's length.
    tokenizer.enable_truncation(model.max_length, strategy="longest_first")
    tokenizer.no_padding()
    return tokenizer


def _padded(
    encodings: Sequence[Encoding],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Lay encodings out as [batch, longest] arrays of token ids and segment ids, 0-padded."""
    longest = max(len(e.ids) for e in encodings)
    ids = np.zeros((len(encodings), longest), np.int32)
    segments = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        segments[row, : len(encoding.ids)] = encoding.type_ids
    return ids, segments
