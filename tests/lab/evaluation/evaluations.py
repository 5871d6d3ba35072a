"""Invented answers, and results made of them without running a model."""

from functools import cache

import numpy as np

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.evaluation.evaluate import Evaluation, Results
from monitor.lab.evaluation.footprint import ClassifierSpeed, sizes
from monitor.lab.evaluation.judge import Answers, judge
from monitor.lab.evaluation.owner import Gain, Scored, SharesOf
from monitor.lab.evaluation.per_entity import Calibrated

GAIN = Gain(25, 5, 175, Scored(0.5, 0.4), Scored(0.625, 0.525), -0.01, SharesOf(0.1, 0.95, 0.04))


def invented(tweets: int, entities: int = 0, seed: int = 0) -> Answers:
    """Return answers of which about seven in ten are right, surer than they should be."""
    choose = np.random.default_rng(seed)
    truth = choose.integers(3, size=tweets)
    answers = np.where(choose.random(tweets) < 0.6, truth, choose.integers(3, size=tweets))
    names = [f"brand | ${i}$" for i in range(entities)]
    return Answers(
        truth.tolist(),
        answers.tolist(),
        choose.uniform(0.6, 1, tweets).tolist(),
        [names[i % entities] if entities else None for i in range(tweets)],
        ["cars" if entities else None] * tweets,
    )


@cache
def results() -> Results:
    """Return results of the shipped model on two files, one with entities."""
    model = Model.load(DEFAULT_MODEL)
    speed = ClassifierSpeed(
        1234.5, {50: 1.25, 95: 2.5, 99: 3.75}, 500, 120.0, 2, "litert 2.0", "x86_64"
    )
    files = [
        Evaluation(
            name,
            task,
            {
                one: judge(invented(tweets, entities, seed), count=100)
                for seed, one in enumerate(("reputation", "sentiment"))
            },
            seconds=0.5,
            calibrated=Calibrated(
                "replab2013_train", 1234, 4, 5, judge(invented(tweets, entities, 2), count=100)
            )
            if entities
            else None,
            gains=[GAIN] if entities else [],
        )
        for name, task, tweets, entities in (
            ("replab2013_test", "reputation", 300, 5),
            ("sts_gold", "sentiment", 100, 0),
        )
    ]
    return Results(model, sizes(model), speed, files, resamples=100, seed=0)
