"""The study: which correction to take, by held-out tweets, and what it is worth on the test set.

The calibration is fitted on held-out tweets alone. RepLab's test set is scored, nothing is chosen
by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.inference import Classifier, Model
from monitor.lab.aliases import aliases_of, configured
from monitor.lab.data import (
    NO_LABEL,
    Example,
    TweetSplit,
    class_of,
    read,
    read_rows,
    toward_entity,
    tweeted,
)
from monitor.lab.errors import TrainingError
from monitor.lab.metrics import score
from monitor.lab.quantifying import prevalence
from monitor.lab.quantifying.change import changes, fleeting
from monitor.lab.quantifying.fit import (
    CLASSES,
    FLEETING,
    EntityTweets,
    beyond_chance,
    entities_of,
    entity_names,
    fit_shares,
    mapping_of,
    several,
    without_each,
)
from monitor.lab.quantifying.score import Score, counted, estimates, scores
from monitor.standings import Calibration
from monitor.standings.quantification import Floats, Z, correct
from monitor.tweets import Entity
from monitor.verdict import POLARITIES

TESTS: Final = {"reputation": "replab2013_test", "sentiment": "tweeteval_sentiment_test"}
"""File whose tweets a task's artificial windows are drawn from."""

HELD_OUT: Final = "regression on held-out tweets"
SOFT: Final = "probabilities"
SOFT_LINE: Final = "regression of probabilities"


@dataclass(frozen=True)
class TaskAnswers:
    """A model's answers of one task to labelled tweets."""

    names: list[str | None]
    """Of their entities."""
    truth: NDArray[np.int64]
    probabilities: Floats
    """[tweets, 3]."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The classes answered."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts, a row a true class, a column a label [3, 3]."""
        return score(self.truth.tolist(), self.labels.tolist(), POLARITIES).confusion

    def entities(self, *, soft: bool = False) -> dict[str, EntityTweets]:
        """Group by entity; soft: by probabilities instead of labels."""
        given = self.probabilities if soft else CLASSES[self.labels]
        return entities_of(self.names, self.truth, given)

    def some(self, rows: NDArray[np.intp]) -> "TaskAnswers":
        """Return those at ``rows``."""
        return TaskAnswers(
            [self.names[i] for i in rows], self.truth[rows], self.probabilities[rows]
        )


@dataclass(frozen=True)
class CountsStudy:
    """What was found out about a model's counts."""

    model: str
    shares: dict[str, dict[str, Any] | None]
    """Task to what `fit.fit_shares` found."""
    left_out: dict[str, float]
    """Root mean square error, less chance, at held-out entities that a method did not know."""
    fleeting: dict[str, float]
    """As `change.fleeting`, of the training tweets."""
    by_entity: dict[str, Score]
    """Methods on the test set's entities."""
    entities: dict[str, dict[str, list[float]]]
    """Entity to its true shares, to what each method makes of its labels, and to half the intervals
    of the method that is taken."""
    change: dict[str, dict[str, float]]
    """Methods on the change of net between an entity's halves."""
    artificial: dict[str, dict[str, Score]]
    """Methods on artificial windows, by where tweets and confusion matrix come from."""
    whole: dict[str, Score]
    """Methods on all tweets of the sentiment test set."""


def study(
    data: Path, model: Path, *, runtime: str = "auto", workers: int = 0, seed: int
) -> CountsStudy:
    """Fit and score.

    Args:
        data: folder with the files of docs/training.md.
        model: folder of the model.
        runtime: as ``[model] runtime``.
        workers: threads with an interpreter each; 0 for one a core.
        seed: of resamples and artificial windows.

    Raises:
        TrainingError: a file is missing or broken.
        monitor.inference.model.ModelError: the model cannot be used.
    """
    tests = {task: test_tweets(data, task) for task in TESTS}
    tweets = read([data])
    loaded = Model.load(model)
    with Classifier(loaded, workers, runtime, entities_in(tweets, tests)) as classifier:
        held_out = {
            task: answers(classifier, f"held out, {task}", task, *labelled(tweets.dev, task))
            for task in TESTS
        }
        learnt = answers(classifier, "learnt from", "reputation", tweets.replab)
        tested = {task: answers(classifier, TESTS[task], task, tests[task]) for task in TESTS}
    return judge(loaded.name, held_out, learnt, tested, seed)


def entities_in(tweets: TweetSplit, tests: Mapping[str, Sequence[Example]]) -> list[Entity]:
    """Return everybody that the tweets are about, as configured, for a model that reads marks."""
    parts = (tweets.replab, *tweets.dev.values(), *tests.values())
    names = sorted({example.entity for part in parts for example in part if example.entity})
    return configured(
        names, {name: aliases_of(name, person=False, company=False) for name in names}
    )


def labelled(
    dev: Mapping[str, Sequence[Example]], task: str
) -> tuple[list[Example], list[str | None]]:
    """Return the held-out tweets with a label of ``task``, and the entity each counts for.

    Raises:
        TrainingError: there is none.
    """
    examples = [example for part in dev.values() for example in part]
    kept = [
        (example, name)
        for example, name in zip(examples, entity_names(dev), strict=True)
        if getattr(example, task) != NO_LABEL
    ]
    if not kept:
        raise TrainingError(
            f"no held-out tweet has a label of {task}; see docs/training.md for the files of DATA"
        )
    return [example for example, _ in kept], [name for _, name in kept]


def test_tweets(data: Path, task: str) -> list[Example]:
    """Return the labelled tweets of a task's test file, oldest first.

    Raises:
        TrainingError: the file is missing or broken.
    """
    rows = sorted(read_rows(data, TESTS[task]), key=tweeted)
    if task == "sentiment":
        return [Example(row["text"], sentiment=class_of(row)) for row in rows]
    return [toward_entity(row) for row in rows]


def answers(
    classifier: Classifier,
    title: str,
    task: str,
    examples: Sequence[Example],
    names: Sequence[str | None] | None = None,
) -> TaskAnswers:
    """Label ``examples``, showing progress; ``names`` if other than their entities count."""
    stream = classifier.stream([(example.text, example.entity) for example in examples])
    verdicts = tqdm(stream, total=len(examples), desc=title, unit="tweet")
    given = [[one[task].probabilities[label] for label in POLARITIES] for one in verdicts]
    return TaskAnswers(
        list(names or (example.entity for example in examples)),
        np.array([getattr(example, task) for example in examples]),
        np.array(given, np.float64),
    )


def judge(
    model: str,
    held_out: Mapping[str, TaskAnswers],
    learnt: TaskAnswers,
    tested: Mapping[str, TaskAnswers],
    seed: int,
) -> CountsStudy:
    """Score every method with what the held-out tweets tell; by task, but ``learnt``."""
    pool = [*several(learnt.entities()).values()]
    # At whatever length of the windows it is most.
    gone = fleeting(pool, mapping_of(pool)) if pool else {}
    shares = {
        "reputation": fit_shares(
            held_out["reputation"].entities(),
            learnt.entities(),
            max(gone.values(), default=FLEETING),
        ),
        "sentiment": fit_shares(held_out["sentiment"].entities()),
    }
    calibrations = {task: calibration_of(held_out[task], shares[task]) for task in TESTS}
    calibration = calibrations["reputation"]
    hard, soft = (tested["reputation"].entities(soft=soft) for soft in (False, True))
    counts, truth, tweets = counted([*hard.values()])
    found = estimates(counts, calibration)
    covariance = correct(counts, calibration, calibration.best).covariance
    half = Z * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    # Those that are not taken: another fit, and what the log would have to keep.
    plain, known = counts / tweets[:, None], several(held_out["reputation"].entities())
    found[HELD_OUT] = plain @ mapping_of([*known.values()]), None
    sums = np.array([entity.given.mean(axis=0) for entity in soft.values()])
    line = mapping_of([*several(learnt.entities(soft=True)).values()])
    found[SOFT], found[SOFT_LINE] = (sums, None), (sums @ line, None)
    sentiment = tested["sentiment"].confusion
    whole = estimates(sentiment.sum(axis=0)[None].astype(np.float64), calibrations["sentiment"])
    return CountsStudy(
        model=model,
        shares={task: dict(table) if table else None for task, table in shares.items()},
        left_out=left_out(held_out["reputation"], learnt),
        fleeting=gone if calibration.mapping is not None else {},
        by_entity=scores(found, truth, tweets, seed),
        entities={
            name: {
                "tweets": [float(tweets[i])],
                "truth": truth[i].tolist(),
                "half": half[i].tolist(),
                **{method: values[i].tolist() for method, (values, _) in found.items()},
            }
            for i, name in enumerate(hard)
        },
        change={
            method: held
            for method in dict.fromkeys(("none", calibration.best))
            if (held := changes([*hard.values()], calibration, method, seed))
        },
        artificial=artificial(held_out, tested, calibrations, seed),
        whole=scores(
            whole,
            (sentiment.sum(axis=1) / sentiment.sum())[None],
            np.array([float(sentiment.sum())]),
            seed,
        ),
    )


def calibration_of(held_out: TaskAnswers, shares: Mapping[str, Any] | None) -> Calibration:
    """Return what a model.toml with these shares and this confusion matrix would say."""
    card = {"confusion": held_out.confusion, **({"shares": shares} if shares else {})}
    calibration = Calibration.of(card)
    assert calibration is not None
    return calibration


def left_out(held_out: TaskAnswers, learnt: TaskAnswers) -> dict[str, float]:
    """Return each method's error at held-out entities it was fitted without, less chance.

    The root of the mean square of a share's error, of methods that are a line. Empty for less than
    two entities.
    """
    hard, soft = (several(held_out.entities(soft=soft)) for soft in (False, True))
    if len(hard) < 2:
        return {}
    same = np.array([CLASSES] * len(hard))
    confusion = held_out.confusion
    inverses = [np.linalg.inv(rates_without(confusion, entity)) for entity in hard.values()]
    lines = {
        "none": (hard, same),
        "regression": (hard, without_each(hard, several(learnt.entities()))),
        HELD_OUT: (hard, without_each(hard, hard)),
        "adjusted": (hard, np.array(inverses)),
        SOFT: (soft, same),
        SOFT_LINE: (soft, without_each(soft, several(learnt.entities(soft=True)))),
    }
    return {
        name: float(np.sqrt(max(0.0, np.trace(beyond_chance([*tweets.values()], line)) / 3)))
        for name, (tweets, line) in lines.items()
    }


def rates_without(confusion: NDArray[np.int64], entity: EntityTweets) -> Floats:
    """Return how often a class gets a label, by the tweets of everybody but ``entity``."""
    return Calibration(confusion - entity.true.T @ entity.given).rates


def artificial(
    held_out: Mapping[str, TaskAnswers],
    tested: Mapping[str, TaskAnswers],
    calibrations: Mapping[str, Calibration],
    seed: int,
) -> dict[str, dict[str, Score]]:
    """Score methods on artificial windows.

    From one half of the held-out tweets with the other half's confusion matrix, where classes are
    mistaken alike by design; and from the test set with the matrix of the held-out tweets.
    """
    result = {}
    for task, given in held_out.items():
        order = np.random.default_rng(seed).permutation(len(given.truth))
        known, drawn = (given.some(half) for half in np.array_split(order, 2))
        cases = (
            ("held out", Calibration(known.confusion.astype(np.float64)), drawn.confusion),
            (TESTS[task], calibrations[task], tested[task].confusion),
        )
        for place, calibration, confusion in cases:
            if not confusion.sum(axis=1).all():
                continue  # of a class there is no tweet to draw
            counts, truth = prevalence.windows(confusion, seed)
            found = estimates(counts, calibration)
            result[f"{task}: {place}"] = scores(found, truth, counts.sum(axis=1), seed)
    return result
