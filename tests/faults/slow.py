"""A search for messages that take long, guided by the CPU time that they take.

    make fuzz RUNS=1000000          # after the search for new code
    python -m tests.faults.slow 100000 --seed 7

A message is made by a recipe: a form (plain text, fields of the APIs, lists, nested JSON, a topic)
and what it is filled with, pieces that are repeated. Recipes are tried at a small size, where what
grows faster than the message shows already, and the slowest are kept and changed further; whatever
becomes one of those is tried at `LARGEST`. What takes more than `BOUND_S` there, the network's own
time excluded, each of several times, is made simpler as long as it does, printed, and the exit
code is 1. Time is that of this thread's CPU: how busy the machine is makes little difference.
"""

from __future__ import annotations

import argparse
import itertools
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from monitor.alerts.hooks import alerting
from monitor.daemon.collector import Collector
from monitor.daemon.writer import Writer
from monitor.inference import Classifier, Model
from monitor.publishing import Outbox, ResultsHook
from monitor.settings import AlertsSettings, MqttSettings, PublishSettings, Settings
from monitor.store import Store
from monitor.tweets import Entity
from monitor.verdict import Pair, Verdict
from tests.factories import PSEUDONYMS, Inlet, verdict
from tests.faults.recipes import RESULTS_TOPIC, Recipe, changed, fresh
from tests.marked import reading_marks, reading_names

LARGEST: Final = MqttSettings().max_payload_bytes
SMALL: Final = 4096
"""Bytes at which most recipes are tried."""
BOUND_S: Final = 0.020
"""CPU time of a message at `LARGEST`, on a machine of the kind that runs the tests."""
_AGAIN: Final = 7
_PAUSES_S: Final = (1.0, 3.0, 10.0)
"""Waits before what is over the bound is measured again: others may slow down all of a machine."""
_KEPT: Final = 48
_RENEW_EVERY: Final = 1000
"""Messages after which a log is begun anew, so that the disk does not fill up."""
_TELL_EVERY_S: Final = 10.0


def _entities() -> tuple[Entity, ...]:
    """Hundreds that share words, exclude each other, and end in the same hashtag."""
    words = ("acme", "acme corp", "a", "a a", "land rover", "the acme")
    return tuple(
        Entity(
            f"{words[i % 6]} {' '.join(words[(i >> k) % 3] for k in range(i % 9))} x{i}",
            (f"{'acme ' * (i % 20)}y{i}", f"@{words[i % 6][0]}{i}", f"{'a ' * (i % 50)}z{i}"),
            exclude=(f"acme {'acme ' * (i % 7)}x", f"a {'a ' * (i % 40)}q{i}"),
        )
        for i in range(300)
    )


PLAIN: Final = Settings(
    mqtt=MqttSettings(results_topics=(RESULTS_TOPIC,)), entities=(Entity("Acme"),)
)
"""With one entity, as without any no text is searched for names."""
NASTY: Final = replace(
    PLAIN,
    mqtt=replace(PLAIN.mqtt, entity_level=2),
    entities=_entities(),
    # Not results, which repeat a text for each of its entities: 17 ms more for sixteen times 64 kB.
    publish=PublishSettings(alerts=True),
    # The chart of an alert is designed once in hundreds of an entity's tweets, whatever they
    # say, and takes 5 to 75 ms of its own: not what is looked for.
    alerts=AlertsSettings(learn_tweets=1_000_000),
)


class _Mute(Classifier):
    """Tokenizes as the real one does, and answers without the network."""

    def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
        self.tokenize(pairs)
        done: Future[list[Verdict]] = Future()
        done.set_result([verdict() for _ in pairs])
        return done


class Way:
    """The whole way of a message, on one thread: decoded, matched, tokenized, masked, stored."""

    def __init__(self, folder: Path, settings: Settings, classifier: Classifier) -> None:
        self._folder = folder
        self._settings = settings
        self._classifier = classifier
        self._store: Store | None = None
        self._taken = 0

    def _renew(self) -> None:
        self.close()
        self._folder.mkdir()
        self._store = Store(self._folder / "monitor.db")
        self._store._connection.execute("PRAGMA synchronous = OFF")
        outbox = Outbox("board")
        published = [ResultsHook(outbox, "board")] if self._settings.publish.results else []
        alerts = alerting(self._settings, self._classifier.model, outbox)
        self._store.set_hooks([*published, *alerts, outbox])
        self._collector = Collector(self._settings, self._classifier, PSEUDONYMS)
        self._writer = Writer(
            self._settings, self._classifier, self._collector, self._store, PSEUDONYMS, None
        )

    def take(self, topic: str, payload: bytes) -> float:
        """Take a message, and return the seconds of CPU time that it took."""
        if self._taken % _RENEW_EVERY == 0:
            self._renew()
        self._taken += 1
        delivery = Inlet().delivery(payload[: LARGEST + 1], topic)
        self._collector.keeper.entity.cache_clear()  # whoever wants to be slow gives other names
        began = time.thread_time()
        self._writer.finish(self._collector.collect([delivery], waiting=0))
        took = time.thread_time() - began
        assert self._writer.totals.received == (self._taken - 1) % _RENEW_EVERY + 1
        return took

    def close(self) -> None:
        """End, and leave nothing behind."""
        if self._store:
            self._store.close()
            shutil.rmtree(self._folder)


class Yardstick:
    """Tells how much slower than at its best the machine is at the moment."""

    def __init__(self) -> None:
        """Begin to look for the best."""
        self._least_s = self._seconds()

    def _seconds(self) -> float:
        began = time.thread_time()
        text = "".join(chr(97 + i * i % 26) for i in range(2000))
        for _ in range(20):
            text.replace("a", "@").translate({98: "c"}).split("d")
        return time.thread_time() - began

    def slowness(self) -> float:
        """Return how many times as long as at its best it takes, 1 or more."""
        took = self._seconds()
        self._least_s = min(self._least_s, took)
        return took / self._least_s


class Search:
    """Keeps the slowest recipes of one configuration, and makes others of them."""

    def __init__(self, way: Way, random: Random, bound_s: float = BOUND_S) -> None:
        self._way = way
        self._bound_s = bound_s
        self._random = random
        self._numbers = itertools.count(1)
        self._kept: list[tuple[float, Recipe]] = []
        self._yardstick = Yardstick()
        self.slowest = (0.0, fresh(random))
        """At `LARGEST`: seconds, and what takes them."""

    def step(self) -> bool:
        """Try one recipe; whether one has been found that is over the bound."""
        random = self._random
        if len(self._kept) < _KEPT or random.random() < 0.1:
            recipe = fresh(random)
        else:
            (_, first), (_, second) = random.choice(self._kept), random.choice(self._kept)
            recipe = changed(first, second, random)
        took = self.seconds(recipe, SMALL)
        slowest = len(self._kept) < _KEPT or took > self._kept[-1][0]
        if slowest and not any(recipe == kept for _, kept in self._kept):
            took = min(took, self.seconds(recipe, SMALL))  # it was not something else
            # Of one form a few are enough: others shall have their chance.
            alike = [one for one in self._kept if one[1].form == recipe.form]
            if len(alike) < _KEPT // 8:
                self._kept.append((took, recipe))
            elif took > alike[-1][0]:
                self._kept[self._kept.index(alike[-1])] = (took, recipe)
            else:
                return False
            self._kept.sort(key=lambda one: -one[0])
            del self._kept[_KEPT:]
        elif random.random() > 0.002:
            return False
        return self.is_slow(recipe)

    def is_slow(self, recipe: Recipe) -> bool:
        """Whether a recipe is over the bound at `LARGEST`."""
        took = self.seconds(recipe, LARGEST)
        if took > max(self.slowest[0], self._bound_s / 2):
            took = min(took, self.surely(recipe))
        for pause in _PAUSES_S:
            if self._bound_s < took < 4 * self._bound_s:
                time.sleep(pause)
                took = min(took, self.surely(recipe))
        if took > self.slowest[0]:
            self.slowest = (took, recipe)
        return took > self._bound_s

    def seconds(self, recipe: Recipe, size: int) -> float:
        """Measure a recipe at a size."""
        return self._way.take(*recipe.message(size, next(self._numbers)))

    def surely(self, recipe: Recipe) -> float:
        """Measure it several times at `LARGEST` on a machine at its best, and return the least."""
        least = math.inf
        for _ in range(_AGAIN):
            before = self._yardstick.slowness()
            took = self.seconds(recipe, LARGEST)
            least = min(least, took / min(before, self._yardstick.slowness()))
        return least

    def simplified(self, recipe: Recipe) -> Recipe:
        """Leave out pieces, and repeat all alike, as long as it stays over the bound."""
        for simpler in self._simpler(recipe):
            if self.surely(simpler) > self._bound_s:
                return self.simplified(simpler)
        return recipe

    def _simpler(self, recipe: Recipe) -> Iterator[Recipe]:
        pieces = recipe.pieces
        if len(pieces) > 1:
            for at in range(len(pieces)):
                yield replace(recipe, pieces=pieces[:at] + pieces[at + 1 :])
        for at, (piece, weight) in enumerate(pieces):
            if len(piece) > 1:
                for half in (piece[: len(piece) // 2], piece[len(piece) // 2 :]):
                    yield replace(recipe, pieces=(*pieces[:at], (half, weight), *pieces[at + 1 :]))


@contextmanager
def searches(seed: int, bound_s: float = BOUND_S) -> Iterator[dict[str, Search]]:
    """Begin to search, under the defaults and under a configuration that makes it hard.

    Under that with a model that reads names, and with one that reads marks.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as classifiers:
        model = Model.load(PLAIN.model.path)
        names = reading_names(model, Path(folder) / "names")
        marks = reading_marks(model, Path(folder) / "marks")
        ways = {
            name: Way(
                Path(folder) / name,
                settings,
                classifiers.enter_context(_Mute(model, 1, entities=settings.entities)),
            )
            for name, settings, model in (
                ("defaults", PLAIN, names),
                ("300 entities", NASTY, names),
                ("300 entities, marked", NASTY, marks),
            )
        }
        try:
            yield {
                name: Search(way, Random(f"{seed}{name}"), bound_s) for name, way in ways.items()
            }
        finally:
            for way in ways.values():
                way.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--bound-ms", type=float, default=1000 * BOUND_S)
    arguments = parser.parse_args()
    began = told = time.monotonic()
    with searches(arguments.seed, arguments.bound_ms / 1000) as found:
        for run, (name, search) in enumerate(
            itertools.islice(itertools.cycle(found.items()), arguments.runs), start=1
        ):
            over = search.step()
            if over:
                recipe = search.simplified(search.slowest[1])
                took = search.surely(recipe)
                _say(f"{name}: {1000 * took:.1f} ms, over {arguments.bound_ms:.0f}: {recipe}")
                sys.exit(1)
            if time.monotonic() > told + _TELL_EVERY_S or run == arguments.runs:
                told = time.monotonic()
                slowest = ", ".join(
                    f"{name} {1000 * one.slowest[0]:.1f} ms" for name, one in found.items()
                )
                _say(f"{run} tried in {told - began:.0f} s; slowest: {slowest}")
        for name, search in found.items():
            _say(f"{name}: {1000 * search.slowest[0]:.1f} ms: {search.slowest[1]}")


if __name__ == "__main__":
    main()
