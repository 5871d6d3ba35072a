"""All fits in force, by model and entity, and the label that follows from a model's probabilities.

A fit belongs to the model whose probabilities it was fitted to; another model's labels are left as
they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import Any, Final, Self, TypeAlias

from monitor.adaptation.fitted import AS_IT_IS, FEATURES, FLOOR, Fitted
from monitor.verdict import POLARITIES

Answered: TypeAlias = tuple[str, str, int, Sequence[float]]
"""A model's SHA-256, an entity, an index into `POLARITIES`, and probabilities of both tasks [6]."""

_LOWEST: Final = log(FLOOR)

_Rows: TypeAlias = tuple[tuple[float, ...], ...]
"""Of each class the bias and its weights [3][7]: plain numbers, for one tweet at a time."""


@dataclass(frozen=True, slots=True)
class Fits:
    """Of one model."""

    own: Mapping[str, Fitted]
    """Of entities with answers; `AS_IT_IS` where nothing beats the model."""
    common: Fitted
    """Of other entities, but not of tweets about none."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """The fits in force. Without any, all labels are the model's own."""

    id: int = 0
    """Its row in `adaptations`; 0 before there was one."""
    models: Mapping[str, Fits] = field(default_factory=dict)
    """By SHA-256."""
    _rows: dict[tuple[str, str], _Rows | None] = field(default_factory=dict, compare=False)
    """Fits that were asked for, laid out."""

    @classmethod
    def of(cls, id_: int, answered: Iterable[Answered]) -> Self:
        """Fit answers; the same ones give the same fits.

        Raises:
            ValueError: a probability is no number.
            ArithmeticError: as `hierarchy.hierarchy`.
        """
        # Not needed to label, and read once in a while.
        from monitor.adaptation.fitted import log_probabilities
        from monitor.adaptation.hierarchy import hierarchy

        found: dict[str, dict[str, tuple[list[Sequence[float]], list[int]]]] = {}
        for model, entity, label, probabilities in answered:
            rows, labels = found.setdefault(model, {}).setdefault(entity, ([], []))
            rows.append(probabilities)
            labels.append(label)
        models = {}
        for model, entities in found.items():
            fits = hierarchy(
                {
                    name: (log_probabilities(rows), labels)
                    for name, (rows, labels) in entities.items()
                }
            )
            models[model] = Fits(fits.own, fits.common)
        return cls(id_, models)

    @classmethod
    def read(cls, id_: int, text: str) -> Self:
        """Read the JSON of what `as_tables` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            models = {
                model: Fits(
                    {entity: _read(fit) for entity, fit in fits["own"].items()},
                    _read(fits["common"]),
                )
                for model, fits in json.loads(text).items()
            }
        except (AttributeError, KeyError, TypeError, RecursionError):
            raise ValueError("not the fits of an adaptation") from None
        return cls(id_, models)

    def as_tables(self) -> dict[str, Any]:
        """Return its fits as JSON holds them; null is the model as it is."""
        return {
            model: {
                "own": {entity: _written(fit) for entity, fit in fits.own.items()},
                "common": _written(fits.common),
            }
            for model, fits in self.models.items()
        }

    @property
    def changes_labels(self) -> bool:
        """Whether any label may be another than the model's."""
        return any(
            fit is not AS_IT_IS
            for fits in self.models.values()
            for fit in (fits.common, *fits.own.values())
        )

    def adapts(self, model: str, entity: str) -> bool:
        """Whether it may change a model's labels of an entity."""
        return self._fit(model, entity) is not None

    def label(
        self, model: str, entity: str, own: str, probabilities: Sequence[float | None]
    ) -> str | None:
        """Return the label of a tweet, or None if it is the model's own.

        Args:
            model: SHA-256.
            entity: '' for the tweet as a whole.
            own: the model's label of reputation.
            probabilities: as they are stored, so that a label can be found again [6]; None for
                what the model does not give.
        """
        rows = self._fit(model, entity)
        if rows is None:
            return None
        logs = [log(p) if p > FLOOR else _LOWEST for p in probabilities if p is not None]
        if len(logs) < FEATURES:
            return None
        # A tweet at a time, without NumPy: its calls alone would take as long for so few numbers.
        a, b, c, d, e, f = logs
        best, found = -inf, own
        for label, (bias, u, v, w, x, y, z) in zip(POLARITIES, rows, strict=True):
            score = bias + a * u + b * v + c * w + d * x + e * y + f * z
            if score > best:
                best, found = score, label
        return None if found == own else found

    def _fit(self, model: str, entity: str) -> _Rows | None:
        key = model, entity
        if key in self._rows:
            return self._rows[key]
        fits = self.models.get(model)
        if fits is None:
            return None
        fit = fits.own.get(entity) or (fits.common if entity else AS_IT_IS)
        rows = None if fit is AS_IT_IS else _laid_out(fit)
        if entity in fits.own or len(self._rows) < _MOST_REMEMBERED:
            self._rows[key] = rows
        return rows


_MOST_REMEMBERED: Final = 4096
"""Names without answers, in a program that meets ever new ones."""


def _laid_out(fit: Fitted) -> _Rows:
    weights, biases = fit.weights.tolist(), fit.biases.tolist()
    return tuple(
        (bias, *(weights[feature][place] for feature in range(FEATURES)))
        for place, bias in enumerate(biases)
    )


def _written(fit: Fitted) -> dict[str, Any] | None:
    return None if fit is AS_IT_IS else fit.as_lists()


def _read(fit: Mapping[str, Any] | None) -> Fitted:
    return AS_IT_IS if fit is None else Fitted.of(fit)
