"""The folder of a demo: who uses it, and the files that it leaves for other programs.

The folder itself is locked (flock) while a demo starts, runs or is stopped, so two can never fight over it, and nothing
is left behind by one that was killed.
"""

import asyncio
import fcntl
import os
import shlex
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import yaml

from workbench.control_plane.pki import write_private
from workbench.processes import is_recorded_running
from workbench.stack import is_detached_stack_running, stop_detached_stack

STOP_SECONDS = 30.0
STATUS_PAGE = "STATUS_PAGE_URL"
"""In `.demo/env`."""

_HOLDER_MARKER = "workbench.demo"
"""In the command line of whoever may hold a folder."""


class DemoRunsError(Exception):
    """A demo uses the folder already; the message says which one and how to end it."""


class DemoFolder:
    """The files of one demo, `.demo` in the checkout unless told otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.kubeconfig = self.path / "kubeconfig"
        self.ca_file = self.path / "ca.crt"
        self.env_file = self.path / "env"
        self._holder_file = self.path / "demo.pid"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Use the folder alone. Raises DemoRunsError if another program holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoRunsError(
                    f"A demo runs in {self.path} already: {self._describe_holder()}. "
                    "End it with Ctrl-C in its terminal, or with `make demo-down`."
                ) from None
            self._holder_file.write_text(f"{os.getpid()}\n")
            try:
                yield
            finally:
                self._holder_file.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    @property
    def is_running_in_background(self) -> bool:
        """Whether everything that `up` started here runs."""
        return is_detached_stack_running(self.path)

    @property
    def status_page(self) -> str:
        """Where the status page of the demo is that runs here; empty if that is not known."""
        try:
            words = shlex.split(self.env_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ""
        return next((value for word in words for name, _, value in [word.partition("=")] if name == STATUS_PAGE), "")

    async def stop(self) -> bool:
        """End whatever runs here, in the foreground or in the background; True if there was something.

        Only the logs stay. Raises DemoRunsError if a demo in the foreground does not end.
        """
        ended: set[int] = set()
        deadline = time.monotonic() + STOP_SECONDS
        while True:
            try:
                with self.hold():
                    stopped = await stop_detached_stack(self.path)
                    self.clear()
                    return stopped or bool(ended)
            except DemoRunsError:
                if time.monotonic() >= deadline:
                    raise
            if (pid := self._holder()) is not None and pid not in ended:
                os.kill(pid, signal.SIGTERM)
                ended.add(pid)
            await asyncio.sleep(0.1)

    def clear(self) -> None:
        """Remove everything but the logs and the lock: credentials of servers that are gone are of no use."""
        for item in self.path.iterdir():
            if item.is_dir():
                shutil.rmtree(item)
            elif item.suffix != ".log" and item != self._holder_file:
                item.unlink()

    def write_files(self, *, environment: Mapping[str, str], ca: bytes, namespace: str) -> None:
        """Write `ca.crt` and `env`, and make `namespace` the default of `kubeconfig`."""
        self.ca_file.write_bytes(ca)
        exports = {**environment, "KUBECONFIG": str(self.kubeconfig), "SSL_CERT_FILE": str(self.ca_file)}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(exports.items())]
        write_private(self.env_file, "".join(lines).encode())
        document = yaml.safe_load(self.kubeconfig.read_text(encoding="utf-8"))
        for context in document["contexts"]:
            context["context"]["namespace"] = namespace
        write_private(self.kubeconfig, yaml.safe_dump(document, sort_keys=False).encode())

    def _describe_holder(self) -> str:
        pid = self._holder()
        if pid is None:
            return "it is just starting or stopping"
        since = datetime.fromtimestamp(self._holder_file.stat().st_mtime).astimezone()
        return f"process {pid}, since {since:%H:%M:%S}"

    def _holder(self) -> int | None:
        if not is_recorded_running(self._holder_file, marker=_HOLDER_MARKER):
            return None
        try:
            return int(self._holder_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
