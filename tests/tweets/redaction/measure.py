"""How often redaction is wrong: what is kept of invented numbers, what is masked without need.

    python -m tests.tweets.redaction.measure                   # invented numbers alone
    python -m tests.tweets.redaction.measure /folder/of/tweets # public tweets (*.jsonl.gz), too
    python -m tests.tweets.redaction.measure /folder --show    # what is masked there, to be read

Whether a number in a public tweet is somebody's telephone has to be judged by a reader: ``--show``
prints each one with its surroundings. None of that text goes into a file or a document.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor.tweets.redaction import addresses, numbers, redact
from monitor.tweets.redaction.draft import MaskedText
from tests.tweets.redaction import invented, others

NUMBERS: Final = 40
"""How many are drawn of each country."""
SENTENCES: Final = 1000
"""How many are made of each kind of other number."""
_MARK: Final = re.compile("@user|<(?:link|email|phone|iban|card|number)>")


def kept(text: str) -> bool:
    """Whether digits of a number in a sentence are left, all or some."""
    return any(sign.isdigit() for sign in redact(f"You reach them at {text}, she said."))


def recall() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count invented numbers that are kept by way of writing and by country, and all of a way."""
    by_way: Counter[str] = Counter()
    by_country: Counter[str] = Counter()
    of_a_way: Counter[str] = Counter()
    for number in invented.written(NUMBERS):
        of_a_way[number.way] += 1
        if kept(number.text):
            by_way[number.way] += 1
            by_country[f"{number.country}: {number.way}"] += 1
    return by_way, by_country, of_a_way


def needless() -> Counter[str]:
    """Count sentences with other numbers that are not left as they are, by kind."""
    return Counter(
        kind
        for kind in others.KINDS
        for sentence in others.sentences(kind, SENTENCES)
        if redact(sentence) != sentence
    )


def tweets(folder: Path) -> Iterator[str]:
    """Read the texts of a folder's tweets, each once."""
    seen: set[int] = set()
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            for line in file:
                text = json.loads(line)["text"]
                if hash(text) not in seen:
                    seen.add(hash(text))
                    yield text


def _show(text: str) -> None:
    """Print the numbers that are masked in a text, and what stands beside them."""
    draft = MaskedText(text)
    addresses.mask(draft)
    text = draft.plain
    for start, end, mark in numbers.find(text):
        before, after = text[max(start - 30, 0) : start], text[end : end + 15]
        print(f"{mark:8} {before}[[{text[start:end]}]]{after}")  # noqa: T201


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("data", type=Path, nargs="?", help="a folder of public tweets")
    parser.add_argument("--show", action="store_true", help="what is masked there, to be read")
    arguments = parser.parse_args()
    by_way, by_country, of_a_way = recall()
    print("| way of writing | masked whole | not, in |\n|---|---|---|")  # noqa: T201
    for way, count in of_a_way.items():
        where = [key[:2] for key in by_country if key[4:] == way]
        print(f"| {way} | {1 - by_way[way] / count:.1%} | {' '.join(where)} |")  # noqa: T201
    wrong = needless()
    print("\n| what is no such number | masked without need, of 1,000 |\n|---|---|")  # noqa: T201
    for kind in others.KINDS:
        print(f"| {kind} | {wrong[kind]} |")  # noqa: T201
    if not arguments.data:
        return
    texts = [*tweets(arguments.data)]
    started = time.process_time()
    redacted = [redact(text) for text in texts]
    took = time.process_time() - started
    marks = Counter(mark for text in redacted for mark in _MARK.findall(text))
    marks.subtract(Counter(mark for text in texts for mark in _MARK.findall(text)))
    print(f"\n{len(texts):,} public tweets, {1e6 * took / len(texts):.1f} µs of CPU each")  # noqa: T201
    print("\n| mark | more of them in 1,000 tweets |\n|---|---|")  # noqa: T201
    for mark, count in marks.most_common():
        print(f"| `{mark}` | {1000 * count / len(texts):.2f} |")  # noqa: T201
    if arguments.show:
        for text in texts:
            _show(text)


if __name__ == "__main__":
    main()
