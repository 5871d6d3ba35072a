"""Reports for people and programs."""

import json
import math

import numpy as np

from monitor import DEFAULT_MODEL
from monitor.lab.evaluation.evaluate import Evaluation
from monitor.lab.evaluation.judge import Answers, judge
from monitor.lab.evaluation.report import (
    as_json,
    as_table,
    class_lines,
    decimal,
    megabytes,
    metrics_of,
    with_range,
)
from monitor.lab.intervals import Figure
from tests.lab.evaluation.evaluations import results


def test_table_fits_and_tells() -> None:
    """Every line fits into 100 columns, and each file has both heads, its own marked."""
    table = as_table(results())

    assert max(len(line) for line in table.splitlines()) <= 100
    assert not any(line.endswith(" ") for line in table.splitlines())
    assert table.startswith(f"{DEFAULT_MODEL} version ")
    assert "1,234 tweets/s with 2 workers (litert 2.0, x86_64); peak resident" in table
    assert "1.2 ms (p50), 2.5 ms (p95), 3.8 ms (p99), of 500 tweets" in table
    assert 1 == table.count("  reputation *")
    assert 1 == table.count("  sentiment *")
    assert 1 == table.count("\n  calibrated   0.")
    assert (
        "after per-entity calibration on RepLab's training tweets, a fit for 4 of 5 entities, "
        "from 1,234 tweets of replab2013_train."
    ) in " ".join(table.split())
    assert (
        "\n25                        5     175     0.500   0.625  -0.010     0.400   0.525" in table
    )
    assert "replab2013_test: rows are labels, columns answers" in table
    assert "brand" not in table


def test_entities_on_demand() -> None:
    """Long tables are for those who ask."""
    table = as_table(results(), by_entity=True)

    assert 5 == table.count("\nbrand | $")
    assert 1 == table.count("\ncars ")
    assert max(len(line) for line in table.splitlines()) <= 100


def test_json_is_complete_and_strict() -> None:
    """It survives a strict parser, and has what the table has and more."""
    found = json.loads(json.dumps(as_json(results()), allow_nan=False))

    assert {"model", "speed", "with_entity", "intervals", "files"} == set(found)
    assert sum(found["model"]["files"].values()) == found["model"]["bytes"]
    assert 40 < found["model"]["times_smaller_than_bert_large"] < 900
    assert {"share": 0.95, "resamples": 100, "seed": 0} == found["intervals"]
    replab, sts = found["files"]
    assert ("replab2013_test", "reputation", 300) == tuple(
        replab[key] for key in ("file", "task", "tweets")
    )
    for file in found["files"]:
        assert {"reputation", "sentiment"} == set(file["heads"])
        for head in file["heads"].values():
            assert {"value", "low", "high"} == set(head["f_rs"])
            assert 15 == len(head["bins"])
            assert 6 == len(head["abstention"])
            assert file["tweets"] == np.sum(head["confusion"])
    assert 5 == len(replab["heads"]["sentiment"]["entities"])
    calibrated = replab["per_entity_calibration"]
    assert ("replab2013_train", 1234, 4, 5) == tuple(
        calibrated[key]
        for key in ("trained_on", "training_tweets", "entities_with_fit", "entities")
    )
    assert set(replab["heads"]["reputation"]) == set(calibrated["head"])
    assert [
        {
            "draws": 10,
            "labels": 25,
            "entities": 5,
            "tweets": 175,
            "before": {"accuracy": 0.5, "macro_f1": 0.4},
            "after": {"accuracy": 0.625, "macro_f1": 0.525},
            "worst": -0.01,
            "shares": {"half": 0.1, "held": 0.95, "error": 0.04},
        }
    ] == replab["owner_labels"]
    assert sts["per_entity_calibration"] is None
    assert [] == sts["owner_labels"]
    assert [] == sts["heads"]["sentiment"]["entities"]


def test_class_without_examples() -> None:
    """A set with positive tweets alone has dashes and nulls, and no F(R,S) to record."""
    judged = judge(Answers([2, 2], [2, 0], [0.9, 0.5], ["a", "a"], [None, None]), count=100)
    one = Evaluation("own", "reputation", {"reputation": judged}, 0.1)
    whole = results()
    table = "\n".join(class_lines(one))
    found = type(whole)(whole.model, whole.sizes, whole.speed, [one], 100, 0)

    assert "reliability R -, sensitivity S -" in table
    assert table.splitlines()[2].endswith("0.000       -       -")
    (file,) = json.loads(json.dumps(as_json(found), allow_nan=False))["files"]
    assert file["heads"]["reputation"]["labels"]["neutral"]["recall"] is None
    assert file["heads"]["reputation"]["f_rs"]["value"] is None
    assert "own_f_rs" not in metrics_of(found)
    assert "own_accuracy" in metrics_of(found)


def test_recorded_figures() -> None:
    """Each file's own head, rounded, with intervals beside the figures."""
    kept = metrics_of(results())

    assert {
        f"{key}{end}"
        for key in (
            "replab2013_test_macro_f1",
            "replab2013_test_f_rs",
            "replab2013_test_accuracy",
            "replab2013_test_ece",
            "replab2013_test_calibrated_macro_f1",
            "replab2013_test_calibrated_f_rs",
            "replab2013_test_calibrated_accuracy",
            "replab2013_test_calibrated_ece",
            "sts_gold_macro_recall",
            "sts_gold_accuracy",
            "sts_gold_ece",
        )
        for end in ("", "_interval")
    } == set(kept)
    low, high = np.array(kept["sts_gold_accuracy_interval"])
    assert low <= kept["sts_gold_accuracy"] <= high
    assert round(results().files[1].own.scores.accuracy, 4) == kept["sts_gold_accuracy"]


def test_short_forms() -> None:
    """Figures line up."""
    assert "0.667 .659-.675" == with_range(Figure(0.6666, 0.659, 0.6751))
    assert "1.000 .999-1.00" == with_range(Figure(1.0, 0.9991, 1.0))
    assert "-" == with_range(Figure(math.nan, math.nan, math.nan))
    assert ("7.73 MB", "1,341 MB") == (megabytes(7_730_000), megabytes(1_340_567_552))
    assert ("-", "-", "0.500") == (decimal(None), decimal(math.nan), decimal(0.5))
