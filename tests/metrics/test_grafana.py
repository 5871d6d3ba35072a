"""The dashboard asks for what the daemon tells, in queries that Prometheus can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql
import pytest

from tests.metrics.test_daemon import publish, scraped, tweets
from tests.processes import REPOSITORY, Daemon, Mosquitto, free_port, wait_until

DASHBOARD = json.loads((REPOSITORY / "docs" / "grafana" / "reputation-monitor.json").read_text())
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*", "$entity": ".*"}
OF_PROMETHEUS = {"instance", "job"}
"""Labels that a scrape adds."""
NOT_EVERYWHERE = {"cpu_temperature_celsius", "clock_synchronised", "alert_active"}
"""Boards without a thermal zone or adjtimex, logs without alerts."""


def _targets() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} {target['refId']}", target["expr"]


def _parsed(expression: str) -> promql.Expr:
    for variable, text in VARIABLES.items():
        expression = expression.replace(variable, text)
    return promql.parse(expression)


def _asked(expression: promql.Expr) -> tuple[dict[str, set[str]], set[str]]:
    """Series to the labels it is chosen by, and the labels that are grouped by."""
    selected: dict[str, set[str]] = {}
    grouped: set[str] = set()

    def visit(node: Any) -> bool:  # noqa: ANN401  (the parser's nodes share no type)
        if isinstance(node, promql.VectorSelector):
            assert node.name is not None
            labels = {matcher.name for matcher in node.matchers.matchers}
            selected.setdefault(node.name, set()).update(labels)
        elif isinstance(node, promql.AggregateExpr) and node.modifier:
            grouped.update(node.modifier.labels)
        return True

    promql.walk(expression, visit)
    return selected, grouped


@pytest.mark.parametrize(
    "expression", [expression for _, expression in _targets()], ids=[w for w, _ in _targets()]
)
def test_every_query_can_be_read(expression: str) -> None:
    """As PromQL, for the board that is chosen, with no variable left over."""
    selected, _ = _asked(_parsed(expression))

    assert selected
    assert all("instance" in labels for labels in selected.values())


def test_every_query_asks_for_what_there_is(
    mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]
) -> None:
    """Each series and each label in a query or a legend is one that a real scrape has."""
    port = free_port()
    daemon = make_daemon(mosquitto.port, MONITOR_METRICS_LISTEN=str(port))
    daemon.start()
    publish(daemon, [*tweets(3), "{bad"])
    daemon.wait_stored(3)
    wait_until(lambda: "share_ratio" in scraped(port), "shares")
    told: dict[str, set[str]] = {}
    for family in scraped(port).values():
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)

    for where, expression in _targets():
        selected, grouped = _asked(_parsed(expression))
        for series, labels in selected.items():
            if series not in told:
                assert series.removeprefix("reputation_monitor_") in NOT_EVERYWHERE, where
                continue
            assert labels - OF_PROMETHEUS <= told[series], where
            assert grouped <= told[series], where


def test_the_variables_ask_for_what_there_is() -> None:
    """Boards and entities are found by series that the panels show as well."""
    shown = {series for _, expression in _targets() for series in _asked(_parsed(expression))[0]}
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            query = variable["query"]["query"]
            assert query.startswith("label_values(")
            series, _, label = query[len("label_values(") : -1].rpartition(", ")
            assert set(_asked(_parsed(series))[0]) <= shown
            assert variable["name"] == label


def test_it_is_in_order() -> None:
    """Panels have a place and a number of their own; all data comes from the chosen source."""
    panels = DASHBOARD["panels"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]

    assert len(panels) == len({p["id"] for p in panels}) == len(set(places))
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    sources = [t["datasource"] for p in panels for t in p.get("targets", [])]
    assert [{"type": "prometheus", "uid": "${datasource}"}] * len(sources) == sources
    assert "datasource" in {v["name"] for v in DASHBOARD["templating"]["list"]}
