"""Headless Chromium, driven over a pipe by its own protocol: messages of JSON, each ended by a zero byte."""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_S = 60
"""A browser that says nothing for so long hangs."""


class Browser:
    """One page in a browser; `errors` are what it complained of, `requests` what it asked for."""

    def __init__(self, binary: str, folder: Path) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def as_three_and_four() -> None:
            os.dup2(os.dup(to_browser), 3)
            os.dup2(os.dup(from_browser), 4)

        high = [fd for fd in (to_browser, from_browser) if fd > 4]
        self._process = subprocess.Popen(
            [binary, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(3, 4, *high),
            preexec_fn=as_three_and_four,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._pending = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """Ask something of the page; the answer."""
        return self._call(method, session=self._session, **parameters)

    def open(self, url: str) -> None:
        """Load a page to its end."""
        self._events.clear()
        if "loaderId" not in self.send("Page.navigate", url=url):
            return  # another place on the same page
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._take(self._message())

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript; what it throws fails the test."""
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for has been painted."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def wait_for(self, condition: str) -> None:
        """Wait until `condition` holds; a page that never gets there fails the test."""
        until = time.monotonic() + PATIENCE_S
        while not self.evaluate(condition):
            assert time.monotonic() < until, f"never: {condition}"
            self.settle()

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Give the window a size."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=False,
        )  # fmt: skip

    def prefer(self, scheme: str) -> None:
        """What the system prefers: `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """An event of the mouse: `mousePressed`, `mouseReleased`, `mouseMoved`, `mouseWheel`."""
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def key(self, key: str) -> None:
        """Press a key and let it go."""
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path: Path | None = None) -> bytes:
        """The window as a PNG."""
        self.settle()
        picture = base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(picture)
        return picture

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def _call(self, method: str, *, session: str | None = None, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._take(answer)

    def _take(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(given["exceptionDetails"].get("text", "") + str(given))
            case "Log.entryAdded" if given["entry"]["level"] in ("error", "warning"):
                self.errors.append(given["entry"]["text"])
            case "Runtime.consoleAPICalled" if given["type"] in ("error", "warning", "assert"):
                self.errors.append(str(given["args"]))
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])

    def _message(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._read, selectors.EVENT_READ)
            until = time.monotonic() + PATIENCE_S
            while b"\0" not in self._pending:
                assert selector.select(max(until - time.monotonic(), 0)), "the browser says nothing"
                part = os.read(self._read, 1 << 20)
                assert part, "the browser ended"
                self._pending += part
        message, self._pending = self._pending.split(b"\0", 1)
        decoded: dict[str, Any] = json.loads(message)
        return decoded


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile in `folder`; skips where none is installed."""
    binary = shutil.which("chromium")
    if binary is None:
        pytest.skip("not installed: chromium")
    started = Browser(binary, folder)
    try:
        yield started
    finally:
        started.close()
