"""What a board's owner does with the service, in order, inside a Debian that has just booted.

Runs under that system's own Python, as root, once a boot, and needs nothing but its library. Each
claim is a line in `RESULTS`; the boot's outcome is read from there.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pwd
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

NOTES = Path("/var/lib/story")
RESULTS = NOTES / "results"
SAID = NOTES / "said"
"""What the installation printed, for comparing with what the documentation shows."""
WHEELS = Path("/wheels")

MONITOR = "/opt/monitor/bin/monitor"
CONFIG = Path("/etc/monitor/config.toml")
UNIT = Path("/etc/systemd/system/monitor.service")
SNIPPET = Path("/etc/mosquitto/conf.d/monitor.conf")
STATE = Path("/var/lib/monitor")
LOG = STATE / "monitor.db"

PATIENCE_S = 60.0
STOP_S = 30.0
"""The unit's TimeoutStopSec."""

NOTIFIER = "monitor-notify"
NOTIFY_UNIT = UNIT.with_name("monitor-notify.service")
URLS = CONFIG.with_name("notify-urls")

NOT_OURS = re.compile(
    r"/(proc|sys|dev|run|tmp|wheels|story\.py|opt/monitor)(/|$)"  # the kernel's, this test's
    r"|/var/(log|cache|tmp|lib/(story|systemd|mosquitto|private))(/|$)"  # what others write anyway
    r"|/etc/\.(pwd|.*updated)|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|/etc/machine-id$"
    r"|/__pycache__(/|$)"
)
"""Paths that change in a running system, whatever is installed."""


class ClaimError(Exception):
    """A claim does not hold, and what follows rests on it."""


def claim(what: str, holds: object, saw: object = "") -> None:
    """Write down whether something is as it should be."""
    with RESULTS.open("a") as file:
        note = "" if holds else f"  ({saw})"
        file.write(f"{'ok    ' if holds else 'FAILED'}  {what}{note}\n")
    if not holds:
        raise ClaimError(what)


def run(*command: str, stdin: str = "", code: int | None = 0) -> str:
    """Run a command and return what it said; fail if its exit code is another one."""
    done = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if code is not None and done.returncode != code:
        raise ClaimError(f"{' '.join(command)}: exit code {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def waited(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    """Wait for something, and say whether it came."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def shown(name: str, unit: str = "monitor") -> str:
    """Return a property of a unit."""
    return run("systemctl", "show", unit, f"--property={name}", "--value").strip()


def publish(first: int, count: int, **fields: str) -> None:
    """Publish tweets whose ids are numbers, and note that they are to be found in the log."""
    tweets = [
        {"id": str(n), "text": f"Tweet {n}: good day", **fields}
        for n in range(first, first + count)
    ]
    lines = "".join(json.dumps(tweet) + "\n" for tweet in tweets)
    run(MONITOR, "publish", "-", "--topic", "tweets/en", stdin=lines)
    with (NOTES / "published").open("a") as file:
        file.writelines(f"{tweet['id']}\n" for tweet in tweets)


def stored() -> list[str]:
    """Return the ids in the log, in order of arrival."""
    with closing(sqlite3.connect(f"file:{LOG}?mode=ro", uri=True)) as connection:
        return [id_ for (id_,) in connection.execute("SELECT id FROM tweets")]


def complete() -> bool:
    """Say whether the log holds each tweet that was published, once, and no other."""
    published = (NOTES / "published").read_text().split()
    return sorted(published) == sorted(stored())


def listing() -> dict[str, str]:
    """Return each path of the system with its kind, mode and owner; in /etc its content, too."""
    return dict(_entries())


def _entries() -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk("/"):
        # In place: the walk goes into those that are left.
        folders[:] = [name for name in folders if not NOT_OURS.search(str(Path(folder, name)))]
        for path in (Path(folder, name) for name in [*folders, *files]):
            if NOT_OURS.search(str(path)):
                continue
            status = path.lstat()
            entry = f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid}"
            if path.is_relative_to("/etc") and stat.S_ISREG(status.st_mode):
                entry += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
            yield str(path), entry


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Say which paths are other ones."""
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def install(*options: str, code: int = 0) -> str:
    """Run ``monitor install-service``."""
    return run(MONITOR, "install-service", *options, code=code)


def refused(
    what: str, *words: str, command: tuple[str, ...] = (MONITOR, "install-service")
) -> None:
    """Claim that it refuses, in one line with these words, and changes nothing."""
    before = listing()
    said = run(*command, code=1)
    changed = difference(before, listing())
    fine = len(said.splitlines()) == 1 and all(word in said for word in words) and not changed
    claim(f"refused: {what}", fine, (said, changed))


def wheel(newest: bool) -> str:
    """Return which of the two wheels is the older, or the newer."""
    wheels = sorted(WHEELS.glob("tweet_reputation_monitor-*.whl"))
    return str(wheels[-1] if newest else wheels[0])


def pip_install(path: str) -> None:
    """Install a wheel, upgrading what is there, from what was downloaded outside."""
    options = ("--quiet", "--no-index", f"--find-links={WHEELS}", "--upgrade")
    run("/opt/monitor/bin/python", "-m", "pip", "install", *options, path)


# --- The first boot ---------------------------------------------------------------------------


def situations() -> None:
    """Whatever is wrong is said, with the way out, before anything is changed."""
    refused(
        "somebody without rights",
        f"sudo {MONITOR} install-service",
        command=("setpriv", "--reuid=65534", "--clear-groups", MONITOR, "install-service"),
    )
    before = listing()
    said = install("--dry-run")
    claim(
        "--dry-run names all steps and does none",
        not difference(before, listing())
        and [line.split()[0] for line in said.splitlines()[:-1]]
        == ["create", "write", "write", "restart", "write", "reload", "enable", "start"],
        said,
    )

    home = Path("/root/venv")
    run("python3", "-m", "venv", "--without-pip", str(home))
    (packages,) = Path("/opt/monitor/lib").glob("python3*/site-packages")
    (other,) = home.glob("lib/python3*/site-packages")
    (other / "all.pth").write_text(f"{packages}\n")
    script = Path(MONITOR).read_text().replace("/opt/monitor", str(home))
    (home / "bin/monitor").write_text(script)
    (home / "bin/monitor").chmod(0o755)
    refused(
        "a program in a home directory",
        "/root/venv/bin/monitor",
        "sudo python3 -m venv /opt/monitor",
        command=(str(home / "bin/monitor"), "install-service"),
    )
    shutil.rmtree(home)

    Path("/opt/monitor").chmod(0o700)
    refused("a program that others may not read", "/opt/monitor: ", "chmod -R o+rX /opt/monitor")
    Path("/opt/monitor").chmod(0o755)

    run("useradd", "--create-home", "--shell", "/bin/bash", "monitor")
    refused("a user of that name who can log in", "the user monitor", "/bin/bash", "usermod")
    run("userdel", "--remove", "monitor", code=None)

    own = SNIPPET.with_name("own.conf")
    own.write_text("listener 1884\npassword_file /etc/mosquitto/passwords\n")
    refused("a mosquitto with settings of its own", f"{own}:1: `listener 1884`", "--no-broker")
    own.unlink()
    main = Path("/etc/mosquitto/mosquitto.conf")
    kept = main.read_text()
    main.write_text(kept.replace("include_dir", "#include_dir"))
    refused("a mosquitto without include_dir", "include_dir /etc/mosquitto/conf.d", "--no-broker")
    main.write_text(kept)

    run("systemctl", "stop", "mosquitto")
    with subprocess.Popen(
        ["/usr/bin/python3", "-m", "http.server", "1883", "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/run",
    ) as squatter:
        waited(lambda: ":075B" in Path("/proc/net/tcp").read_text())
        refused("port 1883 taken by another program", "1883 is taken", "--no-broker")
        squatter.kill()
    run("systemctl", "start", "mosquitto")


def installed() -> None:
    """One command, and tweets that are published are in the log."""
    said = install()
    SAID.write_text(said)
    claim("install-service", "Next:" in said, said)
    claim(
        "the service is active",
        shown("ActiveState") == "active",
        run("systemctl", "status", "monitor", code=None),
    )
    claim("it starts with the board", shown("UnitFileState") == "enabled")
    user = pwd.getpwnam("monitor")
    claim("its user cannot log in", user.pw_shell == "/usr/sbin/nologin" and user.pw_uid < 1000)
    config, state = CONFIG.stat(), STATE.stat()
    claim(
        "configuration 0640 root:monitor, log's folder 0700 monitor",
        (0o640, 0, user.pw_gid) == (stat.S_IMODE(config.st_mode), config.st_uid, config.st_gid)
        and (0o700, user.pw_uid) == (stat.S_IMODE(state.st_mode), state.st_uid),
    )
    publish(0, 100)
    claim("tweets published are in the log", waited(complete), len(stored()))

    before, pid = listing(), shown("MainPID")
    said = install()
    claim(
        "a second install-service changes nothing, and says so",
        said.splitlines()[:6][-1] == "Nothing to change."
        and not difference(before, listing())
        and shown("MainPID") == pid,
        (said, difference(before, listing())),
    )


def restricted() -> None:
    """The unit's restrictions are in force."""
    pid = shown("MainPID")
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    capabilities = {
        status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    }
    claim("the process has no capability", capabilities == {"0" * 16}, capabilities)
    claim(
        "nor can it get any, and its system calls are filtered",
        (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"),
    )
    code = subprocess.run(
        ["systemd-analyze", "security", "--threshold=15", "--no-pager", "monitor.service"],
        capture_output=True,
        text=True,
    )
    (exposure,) = re.findall(r"Overall exposure level for monitor.service: ([\d.]+)", code.stdout)
    claim(
        f"systemd-analyze security: exposure {exposure}, 1.5 at most",
        code.returncode == 0,
        code.stdout,
    )


def restarted() -> None:
    """However it ends, systemd starts it again, and nothing is lost."""
    pid = shown("MainPID")
    os.kill(int(pid), signal.SIGKILL)
    publish(100, 50)
    back = waited(lambda: shown("ActiveState") == "active" and shown("MainPID") not in ("0", pid))
    claim("killed, it is started again", back and shown("NRestarts") == "1", shown("NRestarts"))
    claim("tweets published meanwhile are in the log", waited(complete), len(stored()))

    claim("the watchdog is on", shown("WatchdogUSec") == "2min", shown("WatchdogUSec"))
    drop_in = Path("/etc/systemd/system/monitor.service.d/story.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=6\nTimeoutAbortSec=1\n")  # so as not to wait for it
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "monitor")
    pid = shown("MainPID")
    os.kill(int(pid), signal.SIGSTOP)
    publish(150, 50)
    back = waited(lambda: shown("ActiveState") == "active" and shown("MainPID") not in ("0", pid))
    claim("hung, it is ended by the watchdog and started again", back, shown("ActiveState"))
    claim("tweets published meanwhile are in the log", waited(complete), len(stored()))
    shutil.rmtree(drop_in.parent)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "monitor")


def reloaded() -> None:
    """What the owner writes into the configuration is taken over without a restart."""
    pid = shown("MainPID")
    with CONFIG.open("a") as file:
        file.write('\n[[entities]]\nname = "Acme"\n')
    run("systemctl", "reload", "monitor")
    number = 200

    def named() -> bool:
        nonlocal number
        publish(number, 1, text=f"Acme did it again, and again {number}")
        number += 1
        time.sleep(3)
        with closing(sqlite3.connect(f"file:{LOG}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM labelled WHERE entity = 'Acme'"
            return bool(connection.execute(query).fetchone()[0])

    claim(
        "reload takes over a new entity, in the same process",
        waited(named) and shown("MainPID") == pid,
    )


def stopped() -> None:
    """A stop ends within its time, and what comes while it stands still waits in the broker."""
    publish(1000, 3000)
    began = time.monotonic()
    run("systemctl", "stop", "monitor")
    took = time.monotonic() - began
    claim(
        f"stopped under load after {took:.1f} s, {STOP_S:.0f} at most",
        took < STOP_S and shown("Result") == "success",
        shown("Result"),
    )
    publish(4000, 200)
    claim("what is published then is not in the log", not complete())


def first() -> None:
    """Install, and use."""
    run("python3", "-m", "venv", "/opt/monitor")
    pip_install(wheel(newest=False))
    claim("the wheel installs from wheels alone", Path(MONITOR).exists())
    (NOTES / "before").write_text(json.dumps(listing()))
    situations()
    installed()
    restricted()
    restarted()
    reloaded()
    stopped()


# --- The second boot --------------------------------------------------------------------------


def booted() -> None:
    """The board is switched on: service, log and queue are there."""
    claim(
        "after a reboot the service comes up by itself",
        waited(lambda: shown("ActiveState") == "active"),
    )
    claim(
        "log and queue are still there, and what waited is labelled",
        waited(complete),
        len(stored()),
    )


def upgraded() -> None:
    """A newer version takes the place of the older, and nothing is lost."""
    config = CONFIG.read_text()
    before = run(MONITOR, "--version")
    pid = shown("MainPID")
    pip_install(wheel(newest=True))
    after = run(MONITOR, "--version")
    said = install()
    claim(
        f"upgraded from {before.split()[-1]} to {after.split()[-1]}: unit replaced, restarted",
        before != after
        and f"write    {UNIT}" in said
        and "restart  monitor.service" in said
        and "mosquitto.service" not in said
        and shown("MainPID") != pid,
        said,
    )
    claim("the configuration is as its owner left it", CONFIG.read_text() == config)
    publish(5000, 100)
    claim("log and queue are kept, and it goes on", waited(complete), len(stored()))


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook that takes everything, and remembers it."""

    told: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Take a message."""
        self.told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def raise_alert(entity: str) -> None:
    """Put an alert into the log, for one of the daemon's own would take days of tweets."""
    columns = (
        "entity, model_id, since, raised_at, usual_share, share, tweets, negatives,"
        " first_batch_id, first_tweet_id, batch_id, tweet_id, followed_at"
    )
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    with closing(sqlite3.connect(LOG)) as connection, connection:
        connection.execute(
            f"INSERT INTO alerts ({columns}) SELECT ?, model_id, ?, ?, 0.1, 0.6, 20, 12,"
            " batch_id, tweet_id, batch_id, tweet_id, ? FROM labels ORDER BY batch_id DESC LIMIT 1",
            (entity, now, now, now),
        )


def notified() -> None:
    """Word of alerts gets out, by a service that reads the log and may do little else."""
    refused(
        "--notify without Apprise",
        "/opt/monitor/bin/python -m pip install",
        "[notify]",
        command=(MONITOR, "install-service", "--notify"),
    )
    pip_install(f"{wheel(newest=True)}[notify]")
    said = install("--notify")
    claim(
        "--notify without anybody to tell puts the files, and says what is missing",
        f"write a URL a line into {URLS}" in said and shown("ActiveState", NOTIFIER) == "inactive",
        said,
    )
    claim("the URLs are for root alone", stat.S_IMODE(URLS.stat().st_mode) == 0o600)
    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    URLS.write_text(f"json://127.0.0.1:{server.server_port}/hook\n")
    said = install()
    claim(
        "install-service goes on with it, without being asked again",
        "start    monitor-notify.service" in said and shown("UnitFileState", NOTIFIER) == "enabled",
        said,
    )
    pid = shown("MainPID", NOTIFIER)
    user = Path(f"/proc/{pid}").stat().st_uid
    claim(
        "it is neither root nor the daemon's user",
        user not in (0, pwd.getpwnam("monitor").pw_uid),
        user,
    )
    raise_alert("Acme")
    journal = ("journalctl", "--unit", NOTIFIER, "--output=cat")
    claim(
        "an alert in the log reaches the webhook",
        waited(lambda: any("Acme" in told for told in Hook.told)),
        run(*journal),
    )
    os.kill(int(pid), signal.SIGKILL)
    raise_alert("Volt")
    claim(
        "killed, it is started again, and tells what is new, and only that",
        waited(lambda: any("Volt" in told for told in Hook.told))
        and sum("Acme" in told for told in Hook.told) == 1,
        Hook.told,
    )
    before = listing()
    said = install()
    claim(
        "and then there is nothing to change",
        "Nothing to change." in said and not difference(before, listing()),
        said,
    )
    server.shutdown()


def changed_by_hand() -> None:
    """What the owner changed stays, and what we would have is put beside it."""
    ours = UNIT.read_text()
    UNIT.write_text(ours.replace("RestartSec=5", "RestartSec=7"))
    said = install()
    claim(
        "a unit changed by hand stays",
        f"keep     {UNIT}, changed by hand" in said and "RestartSec=7" in UNIT.read_text(),
        said,
    )
    UNIT.write_text("".join(UNIT.read_text().splitlines(keepends=True)[:-1]))
    said = install()
    claim(
        "one of somebody else stays, and ours is put beside it",
        "RestartSec=7" in UNIT.read_text() and Path(f"{UNIT}.new").read_text() == ours,
        said,
    )
    Path(f"{UNIT}.new").replace(UNIT)
    install()

    with SNIPPET.open("a") as file:
        file.write("# mine\n")
    broker = shown("MainPID", "mosquitto")
    said = install()
    claim(
        "so do the broker's settings, and the broker is left alone",
        f"{SNIPPET}.new" in said and shown("MainPID", "mosquitto") == broker,
        said,
    )
    Path(f"{SNIPPET}.new").replace(SNIPPET)

    config = CONFIG.read_text()
    CONFIG.write_text(config.replace("max_tweets", "max_tweet"))
    run("systemctl", "stop", "monitor")
    said = install(code=1)
    claim(
        "a wrong configuration is said with file and key",
        f"{CONFIG}: [batch] max_tweet = 64: no such key" in said.splitlines()[-1],
        said,
    )
    CONFIG.write_text(config)
    said = install()
    claim("put right, the service starts", shown("ActiveState") == "active", said)


def removed() -> None:
    """It goes as it came."""

    def unchanged() -> bool:
        return run(MONITOR, "uninstall-service").endswith("\nNothing to change.\n")

    count = len(stored())
    said = run(MONITOR, "uninstall-service")
    claim(
        "uninstall-service takes unit and broker's settings away",
        not any(path.exists() for path in (UNIT, SNIPPET, NOTIFY_UNIT))
        and [shown("LoadState", unit) for unit in ("monitor", NOTIFIER)] == ["not-found"] * 2,
        said,
    )
    claim(
        "configuration and log stay",
        CONFIG.exists() and URLS.exists() and len(stored()) == count and "--purge" in said,
        said,
    )
    claim(
        "a second uninstall-service changes nothing",
        unchanged(),
    )
    install()
    publish(6000, 50)
    claim("installed again, it goes on with the same log", waited(complete), len(stored()))
    UNIT.write_text(UNIT.read_text().replace("RestartSec=5", "RestartSec=7"))
    run(MONITOR, "uninstall-service")
    claim(
        "a unit changed by hand stays then, too, but does not run",
        UNIT.exists()
        and (shown("ActiveState"), shown("UnitFileState")) == ("inactive", "disabled"),
    )
    claim("and a second time there is nothing to do", unchanged())
    install()
    run(MONITOR, "uninstall-service", "--purge", stdin="n\n", code=1)
    claim("--purge asks first", LOG.exists() and shown("ActiveState") == "active")
    run(MONITOR, "uninstall-service", "--purge", "--yes")
    left = difference(json.loads((NOTES / "before").read_text()), listing())
    claim("--purge leaves nothing behind", not left, left)


def broker_refuses() -> None:
    """A mosquitto that our settings would keep from starting runs without them, as before."""
    drop_in = Path("/etc/systemd/system/mosquitto.service.d/story.conf")
    drop_in.parent.mkdir()
    drop_in.write_text(f"[Service]\nExecStartPre=/bin/sh -c '! test -e {SNIPPET}'\n")
    run("systemctl", "daemon-reload")
    said = install(code=1)
    claim(
        "broker's settings with which mosquitto does not start are taken away again",
        not SNIPPET.exists()
        and shown("ActiveState", "mosquitto") == "active"
        and "go on with --no-broker" in said.splitlines()[-1],
        said,
    )
    said = install("--no-broker")
    claim("and --no-broker goes on", shown("ActiveState") == "active", said)
    shutil.rmtree(drop_in.parent)
    run("systemctl", "daemon-reload")
    run(MONITOR, "uninstall-service", "--purge", "--yes")


def other_ways() -> None:
    """Installed by pipx or uv into a home, it says how to do it for all; that way it works."""
    run("python3", "-m", "venv", "/opt/tools")
    pip = ("/opt/tools/bin/python", "-m", "pip", "install", "--quiet", "--no-index")
    run(*pip, f"--find-links={WHEELS}", "pipx", "uv")
    os.environ |= {"PATH": f"/opt/tools/bin:{os.environ['PATH']}", "HOME": "/root"}
    os.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
    os.environ |= {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(WHEELS)}
    package = "tweet-reputation-monitor"
    for way in ("pipx", "uv tool"):
        run("sh", "-c", f"{way} install {wheel(newest=True)}")
        said = run("/root/.local/bin/monitor", "install-service", code=1)
        advice = said.rpartition(": ")[2].strip()
        claim(f"refused: a program in a home directory, by {way}", advice.endswith(package), said)
        run("sh", "-c", f"{way} uninstall {package}")
        run("sh", "-c", advice.replace("sudo ", "").replace(package, wheel(newest=True)))
        said = run("/usr/local/bin/monitor", "install-service")
        program = shown("ExecStart").partition("path=")[2].split()[0]
        claim(
            f"installed by {way} as it says, the service is active: {program}",
            shown("ActiveState") == "active" and program.startswith("/opt/"),
            said,
        )
        run("/usr/local/bin/monitor", "uninstall-service", "--purge", "--yes")
        Path("/usr/local/bin/monitor").unlink()


def second() -> None:
    """Come back, upgrade, remove."""
    booted()
    upgraded()
    notified()
    changed_by_hand()
    removed()
    broker_refuses()
    other_ways()


def main() -> None:
    """Tell the part of this boot, and switch off."""
    try:
        {"1": first, "2": second}[sys.argv[1]]()
    except ClaimError as error:
        with RESULTS.open("a") as file:
            file.write(f"FAILED  so the rest was not tried: {error}\n")
    except BaseException:  # noqa: BLE001  (whatever it is, it has to be told outside)
        with RESULTS.open("a") as file:
            file.write(f"FAILED  {traceback.format_exc()}\n")
    finally:
        journal = run("journalctl", "--boot", "--no-pager", "--output=short-monotonic", code=None)
        (NOTES / f"journal-{sys.argv[1]}").write_text(journal)
        subprocess.run(["systemctl", "poweroff"], check=False)


if __name__ == "__main__":
    main()
