"""A log of the version before alerts were told from the first tweet on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields
from pathlib import Path

from monitor.alerts.alerting import Alerting
from monitor.alerts.detector import Detector, Phase
from monitor.alerts.tuning import Tuning
from monitor.clock import utc
from monitor.store import Store
from monitor.store.database import Database
from monitor.store.integrity import APPLICATION_ID
from monitor.store.schema import migrations
from tests.factories import NOW, batch_row, query, register, tweet_row, verdict

TUNING = Tuning(rise=2.0, false_alarm_days=365.0, quiet_s=86_400.0, learn_tweets=500)


def test_what_was_learnt_and_what_holds_goes_on(tmp_path: Path) -> None:
    """An open alert can end, and what was usual still is; of who only learnt, nothing is lost."""
    path = tmp_path / "monitor.db"
    with closing(Database(path).conn) as connection, connection:
        migrations.apply(Database(connection), stop_before="m015_watched_from_the_first_tweet")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(
            "INSERT INTO models (id, sha256, name, version, runtime, task, first_used_at)"
            " VALUES (1, 'x', 'm', '1', 'litert', 'reputation', '')"
        )
        connection.execute(
            "INSERT INTO alerts VALUES (7, 'Acme', 1, ?, ?, NULL, NULL, 0.2, 0.6, 50, 30,"
            " 1, 'a', 2, 'b', NULL, NULL)",
            (utc(NOW - 7200), utc(NOW - 3600)),
        )
        for entity, alert, phase, new in (("Acme", 7, "alert", 3), ("Lumen", None, "learning", 0)):
            connection.execute(
                "INSERT INTO alert_states (entity, model_id, tuning, alert_id, phase, negatives,"
                " tweets, new_negatives, new_tweets, seconds, pauses, at, since_raised_s, up, down,"
                " threshold, recovery, score, begun_negatives, begun_tweets)"
                " VALUES (?, 1, '', ?, ?, 200, 1000, ?, ?, 3600000, 1000, ?, 3600, 1, 1, 1, 1, 1,"
                " 30, 50)",
                (entity, alert, phase, new, new, NOW - 60),
            )
    with closing(Store(path)) as store:
        states = query(path, "SELECT entity, phase, kind, learnt, now_tweets FROM alert_states")
        model_id = register(store)
        connection = store._connection
        connection.execute("UPDATE alert_states SET model_id = ?", (model_id,))
        store.set_hooks([Alerting(TUNING, "reputation")])
        rows = [
            tweet_row(
                f"t{number}",
                "Acme",
                received_at=utc(NOW + 3600 * number),
                answer=verdict("negative" if number % 5 == 4 else "neutral", "neutral"),
            )
            for number in range(80)
        ]
        store.write(batch_row(len(rows), model_id), rows, [])

    assert [("Acme", "alert", "share", 1000, 53.0), ("Lumen", "watching", "", 1000, 0.0)] == states
    assert [("share", "recovered")] == query(path, "SELECT kind, outcome FROM alerts")
    ((share,),) = query(path, "SELECT negatives / tweets FROM alert_states WHERE entity = 'Acme'")
    assert 0.18 < share < 0.22


def test_an_alert_that_holds_is_followed_from_now_on(tmp_path: Path) -> None:
    """It is due; those that are over are not, and what raised it is no evidence of worse."""
    path = tmp_path / "monitor.db"
    with closing(Database(path).conn) as connection, connection:
        migrations.apply(Database(connection), stop_before="m017_how_alerts_go_on")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for id_, ended_at in ((7, utc(NOW)), (8, None)):
            connection.execute(
                "INSERT INTO alerts (id, entity, model_id, since, raised_at, ended_at, usual_share,"
                " share, tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
                " VALUES (?, 'Acme', 1, '', '', ?, 0.2, 0.6, 50, 30, 1, '', 2, '')",
                (id_, ended_at),
            )
        phases: list[tuple[str, Phase]] = [("Acme", "alert"), ("Lumen", "watching")]
        for entity, phase in phases:
            state = Detector(phase=phase, share_up=300.0, volume_up=9.0)
            names = [field.name for field in fields(Detector)]
            connection.execute(
                f"INSERT INTO alert_states (entity, model_id, {', '.join(names)})"
                f" VALUES (?, 1, {', '.join('?' * len(names))})",
                (entity, *(getattr(state, name) for name in names)),
            )
    Store(path).close()

    assert [(7, utc(NOW)), (8, None)] == query(path, "SELECT id, followed_at FROM alerts")
    assert [("Acme", 0.0, 0.0), ("Lumen", 300.0, 9.0)] == query(
        path, "SELECT entity, share_up, volume_up FROM alert_states"
    )
