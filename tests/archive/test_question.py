"""``monitor.archive.question``: fixed company for every row."""

from __future__ import annotations

from monitor.archive.question import MICRO_BATCH, ask
from monitor.inference import Classifier
from monitor.verdict import Pair
from tests.factories import PAIRS, StubClassifier, verdict

MANY: list[Pair] = [(f"{text} {n}", entity) for n, (text, entity) in enumerate(PAIRS * 4)]


def test_micro_batches_are_counted_from_the_beginning() -> None:
    """Rows that cannot be labelled keep their places, and are not asked about."""
    classifier = StubClassifier()
    pairs: list[Pair | None] = [*MANY]
    pairs[3] = pairs[MICRO_BATCH] = None
    verdicts = ask(pairs, classifier)

    assert [63, 63, 32] == [len(batch) for batch in classifier.asked]
    assert [verdict() if pair else None for pair in pairs] == verdicts


def test_no_rows() -> None:
    """Neither none at all, nor none that can be labelled, is a special case."""
    assert [] == ask([], StubClassifier())
    assert [None, None] == ask([None, None], StubClassifier())


def test_they_are_those_of_the_stream(classifier: Classifier) -> None:
    """`monitor classify` on standard input cuts at the same places: equal to the last digit."""
    assert list(classifier.stream(MANY)) == ask(MANY, classifier)
