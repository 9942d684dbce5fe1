"""A real browser without a screen, driven by Chrome's DevTools protocol over one WebSocket.

It starts with a fresh profile and no network but the loopback; what it logged, and which addresses it asked, is kept.
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS: Final = (
    "--headless=new",
    # Root in a container may not make the sandbox's namespaces; the only pages are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--remote-debugging-port=0",
)
_START_SECONDS: Final = 60.0
_CALL_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.05
_KEYS: Final = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


def find_browser() -> str:
    """The program; without one the test is skipped, but fails where CI is set."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is not None:
        return found
    text = "no Chromium: on Debian and Ubuntu, apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.errors: list[str] = []
        """What the page, or the browser about it, has complained of."""
        self.requests: list[str] = []
        """The addresses that it asked."""
        self._reading = asyncio.create_task(self._read())

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command; raises AssertionError with the browser's words."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        reply = await asyncio.wait_for(answer, _CALL_SECONDS)
        assert "error" not in reply, f"{method}: {reply['error']}"
        result: dict[str, Any] = reply["result"]
        return result

    async def open(
        self, url: str, *, width: int = 1440, height: int = 900, scale: float = 1.0, mobile: bool = False
    ) -> None:
        """Show a page in a window of this size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )
        await self.call("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression, as JSON has it."""
        reply = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    async def until(self, expression: str, seconds: float = 30.0) -> None:
        """Wait for an expression to be true; fails with what the page shows."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self.evaluate(f"Boolean({expression})"):
            if asyncio.get_running_loop().time() > deadline:
                shown = await self.evaluate("document.body.innerText.slice(0, 2000)")
                raise AssertionError(f"not after {seconds:g} s: {expression}\n{self.errors}\n{shown}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, by the name that JavaScript gives it."""
        known = _KEYS.get(key)
        text = {"Enter": "\r"}.get(key, key if known is None else "")
        facts: dict[str, Any] = {
            "key": key,
            "modifiers": 8 if shift else 0,
            "windowsVirtualKeyCode": known or ord(key.upper()),
        }
        if known:
            facts["code"] = key
        if text:
            facts["text"] = text
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **facts)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def set_time(self, now: datetime) -> None:
        """Have pages that are opened from now on believe that it is this time, for ever."""
        source = f"Date.now = () => {now.timestamp() * 1000:.0f};"
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    async def emulate(self, **media: str) -> None:
        """Set media features, such as prefers_color_scheme="dark"."""
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def picture(self, path: Path, *, most_height: int) -> None:
        """Write the page as a PNG, with what is below the window, up to this height."""
        width, height = await self.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, most_height), "scale": 1}
        reply = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(reply["data"]))

    async def close(self) -> None:
        """End the connection."""
        await self._socket.close()
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self) -> None:
        async for message in self._socket:
            data = json.loads(message.data)
            if "id" in data:
                self._answers.pop(data["id"]).set_result(data)
            else:
                self._note(data["method"], data["params"])

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(facts["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(facts["exceptionDetails"])[:1000])
            case "Runtime.consoleAPICalled" if facts["type"] in {"error", "warning", "assert"}:
                self.errors.append(json.dumps(facts["args"])[:1000])
            case "Log.entryAdded" if facts["entry"]["level"] in {"error", "warning"}:
                self.errors.append(f"{facts['entry']['text']} {facts['entry'].get('url', '')}")


@asynccontextmanager
async def open_browser() -> AsyncIterator[Callable[[], Awaitable[Page]]]:
    """Start a browser; yields how to get a tab of it."""
    program = find_browser()
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(program, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        pages: list[Page] = []
        try:
            port = await _port_of(process, Path(profile) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:

                async def open_page() -> Page:
                    async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
                        facts = json.loads(await answer.text())
                    page = Page(await session.ws_connect(facts["webSocketDebuggerUrl"], max_msg_size=0))
                    pages.append(page)
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        await page.call(f"{domain}.enable")
                    return page

                yield open_page
                for page in pages:
                    await page.close()
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _port_of(process: asyncio.subprocess.Process, file: Path) -> int:
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not (text := await asyncio.to_thread(_read, file)):
        assert process.returncode is None, f"the browser ended with {process.returncode}"
        assert asyncio.get_running_loop().time() < deadline, "the browser did not start"
        await asyncio.sleep(_LOOK_SECONDS)
    return int(text.splitlines()[0])


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
