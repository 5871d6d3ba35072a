"""Rows to be stored, as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.verdict import UNREAD, Verdict


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model, as it is run somewhere; SHA-256, runtime and task tell it from others."""

    sha256: str
    name: str
    version: str
    runtime: str
    task: str


@dataclass(frozen=True, slots=True)
class Origin:
    """How the labels of a tweet came about, if another board gave them."""

    board: str
    """Its ``client_id``."""
    model: ModelRow
    abstained: Mapping[str, bool]
    """Task to whether its label is marked as unsure."""


@dataclass(frozen=True, slots=True)
class TweetRow:
    """A tweet as it is kept, with its verdict for each entity ('' for the tweet as a whole)."""

    id: str
    received_at: str
    created_at: str | None
    topic: str
    author: str | None
    lang: str | None
    is_retweet: bool
    text: str | None
    verdicts: Sequence[tuple[str, Verdict]]
    origin: Origin | None = None
    """None for what this daemon labelled itself."""
    tweeted_at: str | None = None
    """When it was written; None where that is not known or not to be counted by."""

    @property
    def counted_at(self) -> str:
        """The time that it is counted in: when it was written, else when it arrived."""
        return self.tweeted_at or self.received_at


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be labelled, and why."""

    digest: str
    received_at: str
    topic: str
    reason: str
    detail: str
    size: int
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's own record: its size and where its time went, in milliseconds.

    Its labels are of the model ``model_id``, and marked as abstained where their probability is
    below ``abstain_below``; but for those of other boards, which say so themselves.
    """

    started_at: str
    clock_synchronised: bool | None
    model_id: int
    abstain_below: float
    received: int
    collect_ms: float
    classify_ms: float
    noted: Sequence[str] = ()
    """Digests of its messages, if they were noted before (`store.attempts`): no more with it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is to be stored."""

    record: BatchRow
    tweets: Sequence[TweetRow]
    """With their verdicts."""
    dead_letters: Sequence[DeadLetter]
    """Messages that could not be labelled."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch added to the log."""

    tweets: int
    labels: int
    dead_letters: int
    other_language: int = 0
    """Of the tweets those that have no label, as the model does not read their language."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label that is new in the log, as it stands there."""

    tweet: TweetRow
    entity: str
    """'' for the tweet as a whole."""
    verdict: Verdict
    abstained: Mapping[str, bool]
    """Task to whether its label is marked as unsure."""
    model_id: int
    batch_id: int
    at: str
    """When it came to this board: of another board's tweet that is later than ``received_at``."""
    adapted: str | None = None
    """What the owner's answers make of its reputation, if it is not the model's own label."""

    @property
    def is_read(self) -> bool:
        """Whether there is a label, which a text in another language does not have."""
        return self.verdict is not UNREAD
