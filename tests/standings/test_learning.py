"""How far alerts are with learning what is usual, read from real states."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.standings.learning import Learning, learning, told
from monitor.store import Store

_STATE = (
    "INSERT INTO alert_states (entity, model_id, phase, alert_id, learnt, seconds, pauses,"
    " negatives, tweets, kind, since_raised_s, waited_days, share_up, share_far, volume_up,"
    " both_up, spell_tweets, spell_s, spread, spells, now_negatives, now_tweets, now_seconds,"
    " recovery) VALUES (?, 1, 'watching', ?, ?, ?, ?, 1, 2, '', 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0,"
    " 0, 0)"
)


def test_who_is_learnt_of_and_for_how_long(tmp_path: Path) -> None:
    """The best known first; not who has an alert, is known well, or was not asked for."""
    path = tmp_path / "log.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        for state in (
            ("Acme", None, 300, 10 * 86_400.0, 299),
            ("New", None, 7, 3600.0, 6),
            ("Known", None, 500, 9e6, 499),
            ("Struck", 7, 20, 9e6, 19),
            ("Other", None, 20, 9e6, 19),
        ):
            connection.execute(_STATE, state)
        asked = {"Acme", "New", "Known", "Struck", "nobody"}
        found = learning(connection, asked)
        sooner = learning(connection, asked, enough=300)

    acme, new = found
    assert new == Learning("New", 7, None)
    assert ("Acme", 300) == acme[:2]
    assert acme.days is not None
    assert 6.6 < acme.days < 6.8
    assert [new] == sooner
    (sentence,) = told(found)
    assert "for Acme (300, 7 days yet), New (7), from so many tweets; until 500 only" in sentence
    assert [] == told([])


def test_of_many_a_few_are_named() -> None:
    """The sentence stays one."""
    (sentence,) = told([Learning(f"e{n}", 400 - n, 0.2) for n in range(9)])

    assert "e4 (396, 1 day yet) and 4 more, from so many tweets" in sentence
