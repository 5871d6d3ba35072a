"""Why a payload is no tweet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a payload is no tweet."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    BAD_JSON = "bad-json"
    TOO_DEEP = "too-deep"
    WRONG_TYPE = "wrong-type"
    NO_TEXT = "no-text"
    BAD_RESULT = "bad-result"
    """A message on a results topic that is no result of a board (`monitor.publishing.results`)."""
    CRASH = "crash"
    """A message during which the daemon ended again and again (`monitor.store.attempts`)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A payload that is no tweet."""

    reason: Reason
    detail: str
    """One short sentence for people, without anything the payload says."""


class RejectedError(Exception):
    """Carries a rejection out of the parts that read a message."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
