"""A mail server and a web server on loopback that behave well, or badly as told."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

PASSWORD = "correct-horse-battery"
TOKEN = "T0kenOfTheHook"


@dataclass
class Service:
    """A server, what it does to whoever comes, and what it took."""

    behaviour: str = "well"
    """``well``; ``silent``: says nothing; ``drip``: a byte a second; ``close``: hangs up at once;
    ``late``: answers well, but `pause_s` later; or a number to answer with, with the rest of the
    line."""
    pause_s: float = 0.0
    port: int = 0
    unknown: bytes = b"\0"
    """An address that the mail server refuses."""
    tls: ssl.SSLContext | None = None
    taken: list[Any] = field(default_factory=list)
    """Messages that it said it took: documents of JSON, or mails."""
    tries: int = 0
    """Connections on which a message came."""
    on_message: Callable[[], object] | None = None
    """Called when a message has come, before it is answered."""
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _serving(service: Service, talk: Callable[[Service, socket.socket], None]) -> Iterator[Service]:
    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if service.behaviour == "close":
                return
            if service.tls is None:
                talk(service, connection)
                return
            with service.tls.wrap_socket(connection, server_side=True) as wrapped:
                talk(service, wrapped)

    def accept() -> None:
        while not service.over.is_set():
            with suppress(TimeoutError, OSError):
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        service.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield service
        service.over.set()
        thread.join()


@contextmanager
def web(service: Service | None = None) -> Iterator[Service]:
    """Take messages as `json://` sends them."""
    with _serving(service or Service(), _http) as serving:
        yield serving


@contextmanager
def mail(service: Service | None = None) -> Iterator[Service]:
    """Take messages as `mailto://` sends them, from whoever knows the password."""
    with _serving(service or Service(), _smtp) as serving:
        yield serving


def hook(service: Service) -> str:
    """Return the URL of a web server's hook, with a password and a token in it."""
    return f"json://me:{PASSWORD}@127.0.0.1:{service.port}/{TOKEN}"


def mailbox(service: Service) -> str:
    """Return the URL of a mailbox, with a password in it."""
    return (
        f"mailto://me:{PASSWORD}@127.0.0.1:{service.port}/you@example.org"
        "?from=monitor@example.org&mode=insecure"
    )


def _behave(service: Service, connection: socket.socket) -> str:
    """Do what is to be done before an answer, and return how to answer."""
    behaviour = service.behaviour
    if behaviour == "silent":
        service.over.wait()
    if behaviour == "drip":
        while not service.over.wait(1.0):
            connection.sendall(b"2")
    if behaviour == "late":
        service.over.wait(service.pause_s)
        return "well"
    return behaviour


def _http(service: Service, connection: socket.socket) -> None:
    stream = connection.makefile("rb")
    length = 0
    request = stream.readline()
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = stream.read(length)
    service.tries += 1
    if service.on_message:
        service.on_message()
    answer = _behave(service, connection)
    if answer == "well":
        if request.startswith(b"POST"):
            service.taken.append(json.loads(body))
        answer = "200 OK"
    location = f"Location: http://127.0.0.1:{service.port}/elsewhere\r\n"
    # A service may quote whatever it was asked for.
    quoted = f"{request.decode()} {PASSWORD}"
    connection.sendall(
        f"HTTP/1.1 {answer}\r\n{location if answer.startswith('3') else ''}"
        f"Content-Length: {len(quoted)}\r\nConnection: close\r\n\r\n{quoted}".encode()
    )


def _smtp(service: Service, connection: socket.socket) -> None:
    stream = connection.makefile("rb")

    def say(line: str) -> None:
        connection.sendall(f"{line}\r\n".encode())

    if service.behaviour in ("silent", "drip"):
        service.tries += 1
        _behave(service, connection)
    say("220 mail.example ready")
    while line := stream.readline():
        verb = line[:4].upper().strip()
        if verb == b"EHLO":
            say("250-mail.example")
            say("250 AUTH PLAIN LOGIN")
        elif verb == b"AUTH":
            refused = service.behaviour.startswith("535")
            service.tries += refused
            say(f"{service.behaviour} for {PASSWORD}" if refused else "235 welcome")
        elif verb == b"DATA":
            say("354 go on")
            lines = []
            while (part := stream.readline()) not in (b".\r\n", b""):
                lines.append(part)
            service.tries += 1
            if service.on_message:
                service.on_message()
            answer = _behave(service, connection)
            if answer == "well":
                content = b"".join(lines)
                service.taken.append(message_from_bytes(content, policy=policy.default))
                answer = "250 taken"
            say(answer)
        elif verb == b"RCPT" and service.unknown in line:
            say("550 nobody of that name")
        elif verb == b"QUIT":
            say("221 bye")
            return
        else:
            say("250 well")


def text(letter: EmailMessage) -> str:
    """Return a mail's text."""
    body = letter.get_body(("plain", "html"))
    assert body is not None
    return str(body.get_content())


def wait(seconds: float) -> None:
    """Wait, for what must not happen meanwhile."""
    time.sleep(seconds)
