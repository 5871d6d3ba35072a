"""A real Chromium without a window, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from websockets.sync.client import ClientConnection, connect

from tests.processes import PATIENCE_S, wait_until

_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "about:blank",
)


def program() -> str | None:
    """Find Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A Chromium with one page."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._numbers = itertools.count(1)
        self.requests: list[str] = []
        """Addresses that the page asked for, in order."""
        self.complaints: list[str] = []
        """What the page wrote to the console, and errors of loading."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [self._program, f"--user-data-dir={self._folder.name}", *_OPTIONS],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        where = Path(self._folder.name) / "DevToolsActivePort"
        wait_until(lambda: where.exists() and len(where.read_text().split()) == 2, "Chromium")
        port, path = where.read_text().split()
        self._socket: ClientConnection = connect(
            f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None, proxy=None
        )
        self._session: str | None = None
        pages = self._ask("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._folder.cleanup()

    def look(self, address: str, *, width: int = 1280, theme: str = "light") -> None:
        """Open a page in a window of a width, for a reader who likes it light or dark."""
        self.requests.clear()
        self.complaints.clear()
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self._ask(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": theme}],
        )
        self._events: list[str] = []
        self._ask("Page.navigate", url=address)
        while "Page.loadEventFired" not in self._events:
            self._hear(self._socket.recv(PATIENCE_S))

    def run(self, expression: str) -> Any:  # noqa: ANN401  (whatever it evaluates to)
        """Evaluate JavaScript in the page."""
        answer = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key."""
        codes = {"Tab": 9, "Enter": 13, "Space": 32}
        text = {"Enter": "\r", "Space": " "}.get(key, "")
        common = {"key": " " if key == "Space" else key, "code": key}
        self._ask(
            "Input.dispatchKeyEvent",
            type="keyDown",
            windowsVirtualKeyCode=codes[key],
            text=text,
            **common,
        )
        self._ask(
            "Input.dispatchKeyEvent", type="keyUp", windowsVirtualKeyCode=codes[key], **common
        )

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Take a picture of the page, or of what the window shows."""
        answer = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def printed(self) -> bytes:
        """Return the page as PDF."""
        return base64.b64decode(self._ask("Page.printToPDF", printBackground=True)["data"])

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._hear(self._socket.recv(PATIENCE_S))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                found: dict[str, Any] = answer["result"]
                return found

    def _hear(self, text: str | bytes) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(parameters))
            case str(event):
                self._events = [*getattr(self, "_events", []), event]
        return message
