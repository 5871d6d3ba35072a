"""`monitor notify` runs on: each alert reaches each recipient once, whatever happens."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.notifying.service import LOOK_S
from tests.alerts.test_daemon import SETTINGS, tweets
from tests.factories import NOW
from tests.faults.ledger import publish, wait_balanced
from tests.notifying.program import Program
from tests.notifying.services import PASSWORD, TOKEN, Service, hook, mail, mailbox, text, wait, web
from tests.processes import Daemon, Mosquitto, wait_until

Make = Callable[..., Program]
PATIENCE_S = 90.0


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make programs; they end with the test, and none has shown a secret."""
    made: list[Program] = []

    def program(*urls: str, **environment: str) -> Program:
        made.append(Program(tmp_path, urls, **environment))
        return made[-1]

    yield program
    for one in made:
        one.kill()
        assert PASSWORD not in one.said()
        assert TOKEN not in one.said()


def _taken(service: Service, count: int) -> None:
    wait_until(lambda: len(service.taken) >= count, f"{count} messages", PATIENCE_S)


def _still(service: Service, count: int) -> None:
    """See that nothing more comes, over a look and a message."""
    wait(LOOK_S + 2)
    assert count == len(service.taken)


def test_an_alert_and_its_end_are_told_once_over_restarts(make: Make) -> None:
    """To a webhook and by mail, and not again after a stop."""
    with web() as hooked, mail() as mailed:
        program = make(hook(hooked), mailbox(mailed))
        log = program.log()
        program.start()
        number = log.raised()
        _taken(hooked, 1)
        _taken(mailed, 1)
        assert 0 == program.stop()
        log.ended(number)
        program.start()
        _taken(hooked, 2)
        _taken(mailed, 2)
        _still(hooked, 2)
        assert 0 == program.stop(signal.SIGINT)

    assert 2 == len(mailed.taken)
    rose, over = hooked.taken
    assert ("Acme: more negative tweets than usual", "warning") == (rose["title"], rose["type"])
    assert "41 % instead of 12 % since Sun 15 Jun 2025 15:18 CEST" in rose["message"]
    assert ("Acme: the alert is over", "success") == (over["title"], over["type"])
    assert "Acme: up from" not in text(mailed.taken[0])
    assert "41 % instead of 12 %" in text(mailed.taken[0])


def test_killed_between_sending_and_noting(make: Make) -> None:
    """It is told once more, and then no more: better twice than not at all."""
    with web() as service:
        program = make(hook(service))
        log = program.log()
        program.start()
        service.on_message = program.kill
        log.raised()
        _taken(service, 1)
        service.on_message = None
        program.start()
        _taken(service, 2)
        _still(service, 2)
        assert 0 == program.stop()
    first, second = service.taken

    assert first == second


def test_killed_at_any_time(make: Make) -> None:
    """Of all alerts none is lost, and all but those on their way are told once."""
    with web() as service:
        program = make(hook(service))
        log = program.log()
        entities = [f"Brand {i}" for i in range(4)]
        for i, entity in enumerate(entities):
            program.start()
            log.raised(entity, NOW + i)
            wait(1.5 * i)
            program.kill()
        program.start()
        wait_until(
            lambda: all(any(e in one["message"] for one in service.taken) for e in entities),
            "all told",
            PATIENCE_S,
        )
        count = len(service.taken)
        _still(service, count)
        assert 0 == program.stop()

    assert count <= 2 * len(entities)


def test_a_message_on_its_way_is_waited_for(make: Make) -> None:
    """SIGTERM ends it once the service has answered, and that is noted."""
    with web(Service("late", pause_s=4.0)) as service:
        program = make(hook(service))
        log = program.log()
        program.start()
        log.raised()
        wait_until(lambda: service.tries, "a message on its way", PATIENCE_S)
        assert 0 == program.stop()
        assert 1 == len(service.taken)
        program.start()
        _still(service, 1)
        assert 0 == program.stop()


def test_recipients_do_not_wait_for_each_other(make: Make) -> None:
    """One that says nothing for ever, one that refuses, one that takes it."""
    with web(Service("silent")) as silent, mail(Service("550 no")) as refusing, web() as well:
        program = make(hook(silent), mailbox(refusing), hook(well))
        log = program.log()
        program.start()
        log.raised()
        wait_until(lambda: silent.tries and refusing.tries, "both tried", PATIENCE_S)
        _taken(well, 1)
        wait_until(lambda: program.count("not-told"), "the refusal is told", PATIENCE_S)
        assert [] == silent.taken


def test_a_service_that_is_away(make: Make) -> None:
    """What came meanwhile is told in one message; the log says it once, not at each attempt."""
    with web(Service("503 Service Unavailable")) as service:
        program = make(hook(service))
        log = program.log()
        program.start()
        over = log.raised("Acme", NOW)
        wait_until(lambda: service.tries >= 3, "three attempts", PATIENCE_S)
        log.raised("Zento", NOW + 1)
        log.ended(over)
        service.behaviour = "close"
        tried = service.tries
        wait_until(lambda: program.count("not-told") == 2, "another cause", PATIENCE_S)
        service.behaviour = "well"
        _taken(service, 1)
        wait_until(lambda: program.count("reached-again"), "reached again")
        _still(service, 1)
        assert 0 == program.stop()
    (message,) = service.taken

    assert tried >= 3
    assert "Zento: more negative tweets than usual" == message["title"]
    assert 3 == len(message["message"].split("\n"))
    assert "Over since" in message["message"]
    assert ["answered 503 (Service Unavailable)", "it hung up without an answer"] == [
        event["why"] for event in program.events() if event["event"] == "not-told"
    ]


def test_the_log_is_away(make: Make) -> None:
    """Not there yet, locked, moved, of a later version, anew: told once each, and waited for."""
    with web() as service:
        program = make(hook(service))
        program.start()
        wait_until(lambda: program.count("alerts-unreadable") == 1, "no log yet", PATIENCE_S)
        log = program.log()
        wait_until(lambda: program.count("alerts-readable") == 1, "a log", PATIENCE_S)
        log.raised()
        _taken(service, 1)
        with closing(sqlite3.connect(program.log_path)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            wait_until(lambda: "locked" in program.said(), "locked", PATIENCE_S)
        aside = program.folder / "aside.db"
        program.log_path.rename(aside)
        unreadable = program.count("alerts-unreadable")
        wait_until(lambda: program.count("alerts-unreadable") > unreadable, "moved", PATIENCE_S)
        aside.rename(program.log_path)
        readable = program.count("alerts-readable")
        wait_until(lambda: program.count("alerts-readable") > readable, "back", PATIENCE_S)
        with closing(sqlite3.connect(program.log_path)) as connection, connection:
            connection.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
                " VALUES ('monitor', 'm999_later', '')"
            )
        unreadable = program.count("alerts-unreadable")
        wait_until(lambda: program.count("alerts-unreadable") > unreadable, "later", PATIENCE_S)
        with closing(sqlite3.connect(program.log_path)) as connection, connection:
            connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm999_later'")
        log.raised("Zento", NOW + 5)
        _taken(service, 2)
        assert 0 == program.stop()

    assert ["Acme", "Zento"] == [one["title"].split(":")[0] for one in service.taken]
    assert "newer version" in program.said()


def test_two_do_not_tell_at_once(make: Make) -> None:
    """The second does not start, and says why."""
    with web() as service:
        program = make(hook(service))
        program.log()
        program.start()
        code, _, errors = program.run("--once")
        assert 0 == program.stop()

    assert 1 == code
    assert "another `monitor notify` is at work" in errors


def test_from_tweet_to_message(
    mosquitto: Mosquitto, make_daemon: Callable[..., Daemon], make: Make
) -> None:
    """The real daemon's alert, and its end, beside the daemon that goes on writing."""
    daemon = make_daemon(mosquitto.port, **SETTINGS)
    daemon.start()
    with web() as service:
        program = make(hook(service))
        published = publish(mosquitto.port, tweets(200, 0, one_in=5))
        wait_balanced(daemon, published)
        program.start()
        published |= publish(mosquitto.port, tweets(150, 200, one_in=1))
        _taken(service, 1)
        wait_balanced(daemon, published)
        published |= publish(mosquitto.port, tweets(200, 350, one_in=1000))
        wait_balanced(daemon, published)
        _taken(service, 2)
        assert 0 == program.stop()
    assert 0 == daemon.stop()

    assert ["Acme: more negative tweets than usual", "Acme: the alert is over"] == [
        one["title"] for one in service.taken
    ]
    ((since, count),) = daemon.rows("SELECT since, tweets FROM alerts")
    assert f"of {count} tweets when it was noticed" in service.taken[0]["message"]
    assert f"--since {since[:16]}Z --entity Acme" in service.taken[0]["message"]
    assert "Third parcel" not in str(service.taken), "no tweet leaves the board"
