"""A plan, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict

from monitor.console import counted, strict_json
from monitor.planning.amounts import shown
from monitor.planning.plan import Limit, Plan


def as_json(plan: Plan) -> str:
    """For programs; what is infinite is null."""
    return strict_json(asdict(plan) | {"price_per_million": plan.price_per_million}, indent=2)


def as_table(plan: Plan) -> str:
    """For people, 80 columns."""
    stream, policy = plan.stream, plan.policy
    mean, peak = shown(stream.mean_per_s), shown(stream.peak_per_s)
    rate, spare = shown(plan.board.tweets_per_s), policy.spare_boards
    tweets = counted(stream.tweets_per_day, "tweet", shown=shown(stream.tweets_per_day))
    head = (
        f"{tweets} a day: {mean} a second, {peak} in the busiest hour",
        "",
        f"boards   {plan.boards:,} at {rate} tweets/s each, {spare} of them spare",
        f"brokers  {plan.brokers:,}",
        "",
        f"{'what':<28}{'needed':>8}{'there is':>9} {'':<10}{'used':>7}  enough for",
    )
    return "\n".join([*head, *map(_row, plan.limits), "", *_remarks(plan)])


def _row(limit: Limit) -> str:
    return (
        f"{limit.name:<28}{shown(limit.needed):>8}{shown(limit.available):>9} {limit.unit:<10}"
        f"{limit.used:>7,.0%}  {shown(limit.holds_until)} a day"
    )


def _remarks(plan: Plan) -> Iterator[str]:
    policy, each = plan.policy, plan.board
    if plan.keep_days < policy.keep_days:
        days = counted(plan.keep_days, "day", shown=shown(plan.keep_days))
        yield f"The disks hold {days}: set keep_days or max_bytes, or take larger ones."
    if policy.outage_minutes:
        queued = plan.stream.peak_per_s * policy.outage_minutes * 60 / plan.brokers
        messages = counted(queued, "message", shown=shown(queued))
        yield f"Each broker has to queue up to {messages} (max_queued_messages)."
    yield (
        f"Each board writes {shown(plan.written_gb_per_day)} GB a day: a card of"
        f" {shown(each.card_tb)} TB lasts {_years(plan.card_years)}."
    )
    if math.isinf(plan.catch_up_minutes):
        yield "After an outage the boards catch up only when the busiest hour is over."
    elif policy.outage_minutes:
        yield (
            f"After {_minutes(policy.outage_minutes)} without any board they have caught up"
            f" in {shown(plan.catch_up_minutes)} more."
        )
    yield (
        f"Boards: {plan.price:,.0f}, energy: {plan.price_per_year:,.0f} a year: over five years a"
        f" million tweets {shown(plan.price_per_million)}."
    )


def _minutes(minutes: float) -> str:
    return counted(minutes, "minute", shown=shown(minutes))


def _years(years: float) -> str:
    if years > 100:
        return "over 100 years"
    return f"{shown(years)} years" if years >= 2 else f"{shown(years * 12)} months: take an SSD"
