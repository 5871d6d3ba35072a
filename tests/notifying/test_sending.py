"""``monitor.notifying.sending``: real messages by Apprise, to services that misbehave."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from monitor.notifying import sending
from monitor.notifying.recipients import Recipient
from monitor.notifying.sending import (
    MissingError,
    NotSentError,
    UnusableError,
    see_usable,
    send,
)
from monitor.notifying.words import Message
from tests.faults.certificates import Certificates
from tests.notifying.services import (
    PASSWORD,
    TOKEN,
    Service,
    hook,
    mail,
    mailbox,
    text,
    web,
)
from tests.processes import free_port

MESSAGE = Message("alert", "Ümlaut & <b>: more", "Acme: up from 12 % to 41 %\nSee board & *all*")
PAGE = Message("summary", "Reputation", "Acme: 51 tweets", "<html>the page</html>")

Serving = Callable[[Service], AbstractContextManager[Service]]
Address = Callable[[Service], str]
WAYS = [pytest.param(web, hook, id="web"), pytest.param(mail, mailbox, id="mail")]


def _to(url: str) -> Recipient:
    return Recipient("1 (it)", url)


def test_a_webhook_is_told() -> None:
    """Title, text as it is, and what kind of message it is."""
    with web() as service:
        send(_to(hook(service)), MESSAGE)

    (taken,) = service.taken
    assert (MESSAGE.title, MESSAGE.body, "warning") == (
        taken["title"],
        taken["message"],
        taken["type"],
    )


def test_a_mail_is_sent() -> None:
    """With its subject; its text, in a mail of HTML, shows as it is."""
    with mail() as service:
        send(_to(mailbox(service) + "&format=text"), MESSAGE)

    (taken,) = service.taken
    assert MESSAGE.title == taken["Subject"]
    assert "you@example.org" == taken["To"]
    assert MESSAGE.body == text(taken).strip().replace("\r\n", "\n")


def test_a_page_is_attached() -> None:
    """Where the service takes attachments, and unless it is left out."""
    with mail() as service:
        send(_to(mailbox(service)), PAGE)
        send(_to(mailbox(service)), PAGE, page=False)

    with_page, without = service.taken
    (attached,) = with_page.iter_attachments()
    assert "report.html" == attached.get_filename()
    assert "the page" in str(attached.get_content())
    assert [] == list(without.iter_attachments())


@pytest.mark.parametrize(("serving", "address"), WAYS)
@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("close", "hung up without an answer"),
        ("503 Service Unavailable", "answered 503"),
        ("451 later, perhaps", "answered 451"),
        ("550 no", "answered 550"),
        ("404 Not Found", "answered 404"),
    ],
)
def test_a_service_that_refuses(
    serving: Serving, address: Address, behaviour: str, why: str
) -> None:
    """The code is told, and nothing of what else it said."""
    if serving is mail and behaviour.startswith("404"):
        behaviour, why = "535 wrong", "answered 535 .wrong user name or password"
    with serving(Service(behaviour)) as service, pytest.raises(NotSentError, match=why) as refusal:
        send(_to(address(service)), MESSAGE)

    assert [] == service.taken
    assert PASSWORD not in str(refusal.value)
    assert TOKEN not in str(refusal.value)


@pytest.mark.parametrize(
    ("serving", "address", "behaviour"), [(mail, mailbox, "silent"), (web, hook, "drip")]
)
def test_a_service_that_never_comes_to_an_end(
    serving: Serving, address: Address, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that it does holds us up for longer."""
    with serving(Service(behaviour)) as service:
        for limit_s in (8, 60):  # a busy machine may take that long to get to it
            monkeypatch.setattr(sending, "LIMIT_S", limit_s)
            with pytest.raises(NotSentError, match=f"no end within {limit_s} s"):
                send(_to(address(service)), MESSAGE)
            if service.tries:
                break

    assert service.tries
    assert [] == service.taken


def test_a_service_that_is_slow() -> None:
    """It took its time, and the message."""
    with web(Service("late", pause_s=5.0)) as service:
        send(_to(hook(service)), MESSAGE)

    assert 1 == len(service.taken)


def test_who_it_is_has_to_be_proved(tmp_path: Path) -> None:
    """A certificate that nobody signed whom the system trusts is refused, before a word is said."""
    broker = Certificates(tmp_path).broker
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(broker.certificate, broker.key)
    with web(Service(tls=context)) as service:
        url = hook(service).replace("json://", "jsons://")
        with pytest.raises(NotSentError, match="its certificate is not accepted"):
            send(_to(url), MESSAGE)
        send(_to(f"{url}?verify=no"), MESSAGE)

    assert 1 == service.tries


def test_nobody_listens_and_no_such_host() -> None:
    """Both are told by name."""
    with pytest.raises(NotSentError, match="nobody listens there"):
        send(_to(f"json://me:{PASSWORD}@127.0.0.1:{free_port()}/{TOKEN}"), MESSAGE)
    with pytest.raises(NotSentError, match="no such host"):
        send(_to(f"json://me:{PASSWORD}@nobody.invalid/{TOKEN}"), MESSAGE)


@pytest.mark.parametrize("code", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_a_redirect_is_no_answer(code: str) -> None:
    """Followed, it would be a question that is answered well and tells nobody."""
    with web(Service(code)) as service, pytest.raises(NotSentError, match=f"answered {code[:3]}"):
        send(_to(hook(service)), MESSAGE)

    assert 1 == service.tries


@pytest.mark.parametrize("url", ["nothing://x", "slack://", f"tgram://{PASSWORD}", "mailto://"])
def test_a_url_that_apprise_does_not_know(url: str) -> None:
    """It is found out without sending anything."""
    with pytest.raises(UnusableError, match="none that Apprise can use") as refusal:
        see_usable(_to(url))
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "mailto://me:pw@127.0.0.1/a@example.org/b@example.org?from=c@example.org&retry=2",
        "ntfy://127.0.0.1/one/two",
    ],
)
def test_a_url_with_several_addressees(url: str) -> None:
    """Would have all of them told again where one fails."""
    with pytest.raises(UnusableError, match="names 2 addressees"):
        see_usable(_to(url))


def test_a_mail_that_is_taken_for_some() -> None:
    """It is on its way to them, so it is not sent again."""
    with mail() as service:
        service.unknown = b"nobody@example.org"
        url = mailbox(service)
        assert send(_to(url), MESSAGE)
        assert not send(_to(f"{url}&cc=nobody@example.org"), MESSAGE)
        with pytest.raises(NotSentError, match="answered 550"):
            send(_to(url.replace("you@", "nobody@")), MESSAGE)

    assert 2 == len(service.taken)


def test_a_usable_url_is_not_sent_to() -> None:
    """Looking is free."""
    with web() as service:
        see_usable(_to(hook(service)))

    assert 0 == service.tries


def test_no_list_of_processes_shows_the_url() -> None:
    """Neither arguments nor environment of the process that sends hold it."""
    with web(Service("late", pause_s=3.0)) as service:
        came = threading.Event()
        service.on_message = came.set
        thread = threading.Thread(target=send, args=(_to(hook(service)), MESSAGE))
        thread.start()
        assert came.wait(30)
        seen = b""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                shown = (process / "cmdline").read_bytes()
                if b"monitor.notifying.courier" in shown:
                    seen += shown + (process / "environ").read_bytes()
            except OSError:  # ended, or another user's
                continue
        thread.join()

    assert b"monitor.notifying.courier" in seen
    assert PASSWORD.encode() not in seen
    assert TOKEN.encode() not in seen


def test_without_apprise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named."""
    (tmp_path / "apprise.py").write_text("import nothing_of_that_name")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(MissingError, match="nothing_of_that_name"):
        see_usable(_to("json://127.0.0.1"))


def test_an_error_of_the_library_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its traceback could hold the URL."""
    (tmp_path / "apprise.py").write_text("raise SystemError('of the library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NotSentError, match="ended with code 1") as refusal:
        see_usable(_to(f"json://{PASSWORD}"))
    assert PASSWORD not in str(refusal.value)


def test_nothing_but_the_courier_imports_apprise() -> None:
    """Neither the daemon nor the program that waits has it in memory."""
    modules = (
        "monitor.cli, monitor.daemon.service, monitor.notifying.command,"
        " monitor.notifying.service, monitor.notifying.telling"
    )
    program = (
        f"import sys, {modules}; sys.exit('apprise' in sys.modules or 'requests' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", program]).returncode
