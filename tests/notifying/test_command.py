"""``monitor notify`` as it is typed: what it says, and its exit codes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.factories import NOW
from tests.notifying.program import Program
from tests.notifying.services import PASSWORD, TOKEN, Service, hook, mail, mailbox, web
from tests.processes import free_port


def test_a_test_says_whether_it_arrived(tmp_path: Path) -> None:
    """A line a recipient, without what is secret of it; exit code 1 if one failed."""
    with web() as well, mail(Service("535 no")) as refusing:
        program = Program(tmp_path, [hook(well), mailbox(refusing)])
        code, output, errors = program.run("--test")
        alone = Program(tmp_path, [hook(well)]).run("--test")

    assert (1, "") == (code, errors)
    assert [
        "1 (json): taken by the service",
        "2 (mailto): FAILED: answered 535 (wrong user name or password)",
    ] == output.splitlines()
    assert (0, "1 (json): taken by the service\n", "") == alone
    assert ["Test of the reputation monitor"] * 2 == [one["title"] for one in well.taken]
    assert [] == [file.name for file in tmp_path.iterdir()], "nothing is remembered of it"


def test_once_tells_what_is_due_and_ends(tmp_path: Path) -> None:
    """Silent if all is well, so that cron has nothing to send; each alert once."""
    with web() as service:
        program = Program(tmp_path, [hook(service)])
        log = program.log()
        number = log.raised()
        assert (0, "", "") == program.run("--once")
        assert (0, "", "") == program.run("--once")
        log.ended(number)
        assert (0, "", "") == program.run("--once")

    assert ["Acme: more negative tweets than usual", "Acme: the alert is over"] == [
        one["title"] for one in service.taken
    ]


def test_once_with_a_recipient_that_cannot_be_reached(tmp_path: Path) -> None:
    """The others are told; it is tried three times, told in one line, and due at the next call."""
    with web(Service("500 Oops")) as failing, web() as well:
        program = Program(tmp_path, [hook(failing), hook(well)])
        program.log().raised()
        code, output, errors = program.run("--once")
        assert (1, "", 3) == (code, output, failing.tries)
        assert (
            "monitor: 1 (json): not told: answered 500 (Internal Server Error)"
            in errors.splitlines()
        )
        failing.behaviour = "well"
        assert (0, "", "") == program.run("--once")

    assert [1, 1] == [len(failing.taken), len(well.taken)]
    assert PASSWORD not in errors
    assert TOKEN not in errors


def test_without_a_log(tmp_path: Path) -> None:
    """It says that there is none."""
    program = Program(tmp_path, [f"json://127.0.0.1:{free_port()}"])
    code, output, errors = program.run("--once")

    assert (1, "") == (code, output)
    assert "no such log" in errors


def test_quiet_hours(tmp_path: Path) -> None:
    """Nothing is sent in them; what came then is told after them, with its end."""
    now = datetime.now(UTC)
    quiet = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    with web() as service:
        program = Program(
            tmp_path, [hook(service)], MONITOR_NOTIFY_QUIET=quiet, MONITOR_NOTIFY_TIMEZONE="UTC"
        )
        log = program.log()
        number = log.raised()
        assert (0, "", "") == program.run("--once")
        log.ended(number)
        assert [] == service.taken
        program.environment["MONITOR_NOTIFY_QUIET"] = ""
        assert (0, "", "") == program.run("--once")

    (told,) = service.taken
    assert "Acme: the alert is over" == told["title"]


def test_a_summary(tmp_path: Path) -> None:
    """Not at the first start, then once its time has come, with the page; and once."""
    begun = time.time()
    with mail() as service:
        program = Program(
            tmp_path,
            [mailbox(service)],
            MONITOR_NOTIFY_SUMMARY="daily",
            MONITOR_NOTIFY_SUMMARY_AT="08:00",
        )
        program.log()
        assert (0, "", "") == program.run("--once")
        assert [] == service.taken
        state = tmp_path / "notify.json"
        # As if the latest had been that of two days ago.
        before, mark, rest = state.read_text().partition('"summary": ')
        moment, brace, end = rest.partition("}")
        state.write_text(f"{before}{mark}{float(moment) - 2 * 86_400}{brace}{end}")
        assert (0, "", "") == program.run("--once")
        assert (0, "", "") == program.run("--once")

    (letter,) = service.taken
    assert letter["Subject"].startswith("Reputation, ")
    assert ["report.html"] == [part.get_filename() for part in letter.iter_attachments()]
    assert float(moment) <= begun


@pytest.mark.parametrize(
    ("urls", "arguments", "code", "said"),
    [
        ([], [], 2, "nobody to tell"),
        ([f"slack://{PASSWORD}"], [], 2, "[notify] URL 1 (slack): none that Apprise can use"),
        ([f"nothing://{PASSWORD}"], ["--test"], 2, "[notify] URL 1 (nothing): none that"),
        (["json://x"], ["--test", "--once"], 2, "one of them, not both"),
        (["json://x"], ["--config", "absent.toml"], 2, "absent.toml: cannot be read"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    tmp_path: Path, urls: list[str], arguments: list[str], code: int, said: str
) -> None:
    """With the exit code of a wrong configuration, and without a URL."""
    program = Program(tmp_path, urls)
    program.log()
    ended, output, errors = program.run(*arguments)

    assert (code, "") == (ended, output)
    assert said in errors.splitlines()[-1]
    assert PASSWORD not in errors


def test_without_the_extra(tmp_path: Path) -> None:
    """One line says what to install."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['apprise'] = None\n")
    program = Program(tmp_path, ["json://127.0.0.1"])
    program.environment["PYTHONPATH"] = f"{hidden}:{program.environment['PYTHONPATH']}"
    code, output, errors = program.run("--test")

    assert (1, "") == (code, output)
    assert [
        (
            "monitor: apprise is missing; install the extra [notify]:"
            " pip install 'tweet-reputation-monitor[notify]'"
        )
    ] == errors.splitlines()


def test_the_brokers_secrets_are_none_of_its_business(tmp_path: Path) -> None:
    """A password of the broker that only the daemon may read holds up nobody else."""
    with web() as service:
        program = Program(
            tmp_path,
            [hook(service)],
            MONITOR_MQTT_PASSWORD_FILE=str(tmp_path / "not-ours"),
            MONITOR_MQTT_TLS="true",
            MONITOR_MQTT_CA_FILE=str(tmp_path / "not-ours-either"),
        )

        assert 0 == program.run("--test")[0]


def test_others_may_read_the_urls(tmp_path: Path) -> None:
    """It is warned of."""
    with web() as service:
        program = Program(tmp_path, [])
        del program.environment["MONITOR_NOTIFY_URLS"]
        file = tmp_path / "urls"
        file.write_text(hook(service))
        file.chmod(0o644)
        program.environment["MONITOR_NOTIFY_URLS_FILE"] = str(file)
        code, output, errors = program.run("--test")

    assert (0, "1 (json): taken by the service\n") == (code, output)
    assert "secret-readable" in errors
    assert PASSWORD not in errors


def test_where_the_memory_cannot_be_written(tmp_path: Path) -> None:
    """It ends before anything is sent."""
    with web() as service:
        program = Program(tmp_path, [hook(service)], MONITOR_NOTIFY_STATE_FILE="absent/notify.json")
        program.log().raised()
        code, _, errors = program.run("--once")

    assert 1 == code
    assert "[notify] state_file has to be where this user may write" in errors
    assert 0 == service.tries


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    """Years ahead and back: each alert and end is told once, and no summary is held up by it."""
    # Not libfaketime: with it time.sleep of Python 3.11 fails, by which a process is waited for.
    ahead = tmp_path / "ahead"
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import time\n"
        f"ahead, true = float(open({str(ahead)!r}).read()), time.time\n"
        "time.time = lambda: true() + ahead\n"
    )
    with web() as service:
        program = Program(
            tmp_path,
            [hook(service)],
            MONITOR_NOTIFY_SUMMARY="daily",
            MONITOR_NOTIFY_TIMEZONE="UTC",
        )
        program.environment["PYTHONPATH"] = f"{hidden}:{program.environment['PYTHONPATH']}"
        log = program.log()

        def told(days: float, times: int = 1) -> list[str]:
            before = len(service.taken)
            ahead.write_text(f"{days * 86_400}")
            for _ in range(times):
                assert (0, "", "") == program.run("--once")
            return [one["title"].split(",")[0] for one in service.taken[before:]]

        assert [] == told(0)
        number = log.raised()
        assert ["Acme: more negative tweets than usual", "Reputation"] == told(3650, times=2)
        log.ended(number)
        assert ["Acme: the alert is over"] == told(0)
        assert ["Reputation"] == told(1)
        log.raised("Zento", NOW + 60)
        assert ["Zento: more negative tweets than usual"] == told(-3650, times=2)
