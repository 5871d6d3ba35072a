"""Labelled tweets of many entities -> the line from shares of labels to true shares.

The errors of shares are not drawn tweet by tweet: an entity's tweets are about the same few things,
of which the classifier makes the same mistakes. So the unit of the fit is the entity (Goodman 1953;
the variances by moments, as Fay and Herriot 1979 for small areas).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.lab.data import Example
from monitor.standings.quantification import Floats
from monitor.verdict import LABELS

CLASSES: Final = np.eye(LABELS)

LEAST_ENTITIES: Final = 10
"""With fewer there is no telling what entities differ by."""

LEAST_TWEETS: Final = 5
"""Held-out tweets of an entity that is counted among them."""

ENTITY: Final = 25
"""Tweets at which chance within an entity is about as large as what entities differ by.

More of one entity add little to the fit. The belief that labels are right weighs as one entity.
"""

OTHERWISE: Final = "targeted"
"""Held-out tweets that are labelled for sentiment toward an entity, which is not reputation."""

FLEETING: Final = 0.5
"""Share of an entity's squared error that is taken to be gone in the next window if nobody knows.

`change.fleeting` measures it: of a model that knew RepLab's entities it was 0.2 to 0.6, of one that
reads marks it is less than 0.1, since its errors are an entity's own.
"""

LEAST_FLEETING: Final = 0.1
"""What is measured is not believed below this: it is of few entities."""


@dataclass(frozen=True)
class EntityTweets:
    """An entity's labelled tweets, in the order of time where that matters."""

    given: Floats
    """Labels, a row a tweet [tweets, 3]."""
    true: Floats
    """Truth, likewise."""

    @property
    def shares(self) -> Floats:
        """Of the labels and of the truth [2, 3]."""
        return np.array([self.given.mean(axis=0), self.true.mean(axis=0)])

    @property
    def tweets(self) -> int:
        """How many."""
        return len(self.given)


def entities_of(
    names: Sequence[str | None], truth: NDArray[np.int64], given: Floats
) -> dict[str, EntityTweets]:
    """Group tweets by entity; those about none are left out.

    Args:
        names: of the tweets' entities.
        truth: their true classes.
        given: their labels (one of each row is 1) or probabilities [tweets, 3].
    """
    true = CLASSES[truth]
    return {
        name: EntityTweets(given[rows], true[rows])
        for name in sorted({name for name in names if name is not None})
        if (rows := np.array([other == name for other in names])).any()
    }


def entity_names(dev: Mapping[str, Sequence[Example]]) -> list[str | None]:
    """Return whom each held-out tweet counts for, part after part; None for those `OTHERWISE`."""
    return [
        None if part == OTHERWISE else example.entity
        for part, examples in dev.items()
        for example in examples
    ]


def mapping_of(entities: Sequence[EntityTweets]) -> Floats:
    """Regress true shares on shares of labels, with a pull toward labels that are right [3, 3].

    A row tells the true shares expected of a label. They are kept shares: neither below 0, nor
    summing to anything but 1.
    """
    shares = np.array([entity.shares for entity in entities])
    tweets = np.array([entity.tweets for entity in entities])
    weights = (tweets / (1 + tweets / ENTITY))[:, None]
    given, error = shares[:, 0], shares[:, 1] - shares[:, 0]
    normal = (given * weights).T @ given + ENTITY * CLASSES
    found = CLASSES + np.linalg.solve(normal, (given * weights).T @ error)
    clipped = np.clip(found, 0, None)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def without_each(names: Iterable[str], pool: Mapping[str, EntityTweets]) -> Floats:
    """Return, for each entity named, the mapping that the others of ``pool`` give [names, 3, 3]."""
    return np.array([mapping_of([e for n, e in pool.items() if n != name]) for name in names])


def several(entities: Mapping[str, EntityTweets]) -> dict[str, EntityTweets]:
    """Return those with enough tweets to be counted."""
    return {name: e for name, e in entities.items() if e.tweets >= LEAST_TWEETS}


def beyond_chance(entities: Sequence[EntityTweets], mappings: Floats) -> Floats:
    """Return the mean square of the entities' errors, less what chance within them makes [3, 3].

    Entities weigh by their tweets. Not clipped: it may be negative where there is none.

    Args:
        entities: with two tweets or more.
        mappings: one for each [entities, 3, 3].
    """
    errors = [e.true - e.given @ m for e, m in zip(entities, mappings, strict=True)]
    tweets = np.array([len(error) for error in errors])
    means = np.array([error.mean(axis=0) for error in errors])
    around = np.concatenate([e - mean for e, mean in zip(errors, means, strict=True)])
    inside = around.T @ around / (tweets - 1).sum()
    squares = means[:, :, None] * means[:, None, :] - inside / tweets[:, None, None]
    return np.asarray(np.average(squares, axis=0, weights=tweets))


def fit_shares(
    held_out: Mapping[str, EntityTweets],
    learnt: Mapping[str, EntityTweets] | None = None,
    fleeting: float = FLEETING,
) -> dict[str, Any] | None:
    """Return the table ``[calibration.TASK.shares]`` of a model's model.toml.

    None if there are too few entities to tell (`LEAST_ENTITIES`): counts then stay as they are.

    Args:
        held_out: tweets that the model has not learnt from. They tell what entities differ by from
            a line that was fitted without them.
        learnt: tweets to fit the line on instead. The model knows them too well, but of an entity
            there are ten times as many; on held-out tweets that line does better.
        fleeting: share of an entity's squared error that is gone in the next window (0-1).
    """
    known = several(held_out)
    if len(known) < LEAST_ENTITIES:
        return None
    pool = several(learnt or held_out)
    errors = beyond_chance([*known.values()], without_each(known, pool))
    size, direction = np.linalg.eigh(errors)
    between = (direction * np.clip(size, 0, None)) @ direction.T
    return {
        "entities": len(known),
        "tweets": sum(entity.tweets for entity in known.values()),
        "mapping": mapping_of([*pool.values()]).round(5).tolist(),
        "between": between.round(5).tolist(),
        "drift": (np.clip(fleeting, LEAST_FLEETING, 1.0) * between).round(5).tolist(),
    }
