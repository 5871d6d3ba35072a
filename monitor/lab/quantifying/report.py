"""The study as a table and as JSON."""

import dataclasses
from typing import Any

from monitor.lab.quantifying.score import Score
from monitor.lab.quantifying.study import HELD_OUT, SOFT, SOFT_LINE, CountsStudy

NOTES = (
    "error: mean absolute error of the three shares; in brackets the 95 % bootstrap interval.",
    "relative: error as part of the true share. net bias: mean of estimated less true net.",
    "held: 95 % intervals of shares that hold the truth; +-: half of one; net: held of the net's.",
    f"{HELD_OUT}, {SOFT}, {SOFT_LINE}: to compare with.",
)


def as_json(study: CountsStudy) -> dict[str, Any]:
    """Return all that was found."""
    return dataclasses.asdict(study)


def as_table(study: CountsStudy) -> str:
    """Return the tables, at most 100 columns wide."""
    lines = [f"{study.model}: shares of polarity from counts of labels", ""]
    for task, shares in study.shares.items():
        lines.append(
            f"{task}: regression fitted, {shares['entities']} entities and"
            f" {shares['tweets']:,} tweets held out"
            if shares
            else f"{task}: too few entities held out for a regression; counts stay as they are"
        )
    lines += ["", "held-out entities, each left out of the fit: root mean square error less chance"]
    lines += [f"  {name:29}{error:8.4f}" for name, error in study.left_out.items()]
    if study.fleeting:
        lines += ["", "share of an entity's squared error that is gone in the next window"]
        lines += [
            f"  {'half of its tweets' if size == 'half' else f'{size} tweets':29}{share:8.2f}"
            for size, share in study.fleeting.items()
        ]
    lines += ["", f"RepLab 2013 test, {len(study.entities)} entities"]
    lines += scores(study.by_entity)
    lines += ["", "change of net between the halves of an entity's test tweets"]
    lines.append(f"  {'':29}{'held':>8}{'+-':>8}{'held, 50 tweets':>18}{'+-':>8}")
    lines += [
        f"  {method:29}{one['coverage']:8.0%}{one['half']:8.3f}"
        f"{one['small_coverage']:18.0%}{one['small_half']:8.3f}"
        for method, one in study.change.items()
    ]
    lines += ["", "TweetEval sentiment test, all tweets as one window"]
    lines += scores(study.whole)
    for place, of_methods in study.artificial.items():
        lines += ["", f"artificial windows, {place}"]
        lines += scores(of_methods)
    return "\n".join([*lines, "", *NOTES])


def scores(of_methods: dict[str, Score]) -> list[str]:
    """Return a line for each method, with a heading."""
    heading = f"  {'':29}{'error':>8}{'against none':>21}{'relative':>10}{'net bias':>10}"
    lines = [heading + f"{'held':>6}{'+-':>6}{'net':>6}"]
    for name, one in of_methods.items():
        against = ""
        if one.against_plain is not None:
            ratio, low, high = (share - 1 for share in one.against_plain)
            against = f"{ratio:+7.0%}" + (f" ({low:+.0%}, {high:+.0%})" if high > low else "")
        line = f"  {name:29}{one.error:8.4f}{against:21}{one.relative:10.2f}{one.bias[3]:+10.3f}"
        if one.coverage is not None:
            line += f"{one.coverage:6.0%}{one.half:6.2f}{one.net_coverage:6.0%}"
        lines.append(line)
    return lines
