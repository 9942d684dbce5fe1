"""One IKE daemon: a charon in a network namespace of its own, told what to do by swanctl."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from azure_vpn_simulator.strongswan.needs import CHARON
from azure_vpn_simulator.strongswan.sas import IkeSa, read_sas

_DAEMON = """charon {{
    load_modular = no
    load = random nonce openssl kdf pem kernel-libipsec kernel-netlink socket-default vici
    retransmit_timeout = 0.5
    retransmit_tries = 2
    delete_rekeyed_delay = 1
    plugins {{
        vici {{
            socket = unix://{folder}/vici
        }}
        kernel-libipsec {{
            allow_peer_ts = yes
        }}
        # A route-based tunnel takes everything, so the ESP packets themselves have to be told apart.
        kernel-netlink {{
            fwmark = !0x42
        }}
        socket-default {{
            fwmark = 0x42
        }}
    }}
    filelog {{
        log {{
            path = {folder}/charon.log
            default = 1
            flush_line = yes
        }}
    }}
}}
"""
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount")
_START = 'mount -t tmpfs tmpfs /run && exec "$0"'
"""Its own /run, where the other daemon's pid file is not."""


class DaemonError(Exception):
    """A daemon could not be made, or did not take a configuration; the message has what was said."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command."""

    succeeded: bool
    said: str
    """The daemon's log while it was carried out: notifies by the names of RFC 7296."""


class Daemon:
    """A running strongSwan. Use it in a `with` block, or `stop` it."""

    def __init__(self, name: str, folder: Path) -> None:
        """Start it; the folder must be short (a socket is in it) and its own. Raises DaemonError if it does not come up.

        It ends with the thread that started it.
        """
        folder.mkdir(parents=True)
        self.name = name
        self._folder = folder
        (folder / "strongswan.conf").write_text(_DAEMON.format(folder=folder), encoding="utf-8")
        self._environment = {**os.environ, "STRONGSWAN_CONF": f"{folder}/strongswan.conf", "SWANCTL_DIR": str(folder)}
        with (folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                [*_ALONE, "/bin/sh", "-c", _START, str(CHARON)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _wait_until_ready(self) -> None:
        if not wait_until(lambda: (self._folder / "vici").exists() or self._process.poll() is not None, seconds=30):
            raise DaemonError(f"{self.name} does not answer after 30 s")
        if self._process.poll() is not None:
            said = (self._folder / "output.log").read_text(encoding="utf-8", errors="replace").strip()
            raise DaemonError(f"{self.name} did not start: {said[-500:]}")
        self.ip("link", "set", "lo", "up")

    @property
    def namespace(self) -> Path:
        """The file of its network namespace."""
        return Path(f"/proc/{self._process.pid}/ns/net")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """End the daemon, and with it the namespace."""
        self._process.kill()
        self._process.wait()

    def ip(self, *arguments: str) -> str:
        """Run `ip` in the namespace; raises DaemonError if it fails."""
        return _run(["nsenter", f"--net={self.namespace}", "ip", *arguments])

    def log(self) -> str:
        """All that the daemon has logged."""
        return (self._folder / "charon.log").read_text(encoding="utf-8", errors="replace")

    def load(self, configuration: str) -> None:
        """Replace connections and secrets by those of a swanctl.conf; raises DaemonError if something in it is not taken."""
        path = self._folder / "swanctl.conf"
        path.touch(mode=0o600)
        path.write_text(configuration, encoding="utf-8")
        outcome = self._swanctl("--load-all", "--clear", "--noprompt", "--file", str(path))
        if not outcome.succeeded:
            raise DaemonError(f"{self.name}: {outcome.said}")

    def initiate(self, ike: str, child: str) -> Outcome:
        """Begin a tunnel and wait for the end of it."""
        return self._swanctl("--initiate", "--ike", ike, "--child", child, "--timeout", "20")

    def rekey(self, ike: str, child: str) -> Outcome:
        """Renew an IPsec SA, with the group of perfect forward secrecy, and wait until that has been answered."""
        before = len(self.log())
        begun = self._swanctl("--rekey", "--ike", ike, "--child", child)
        if not begun.succeeded:
            return begun

        def is_answered() -> bool:
            return any(word in self.log()[before:] for word in (" established with SPIs", "failed", "notify"))

        answered = wait_until(is_answered, seconds=20)
        said = self.log()[before:]
        return Outcome(answered and " established with SPIs" in said, said)

    def terminate(self, ike: str) -> None:
        """End a tunnel, and wait for that; nothing happens if there is none."""
        self._swanctl("--terminate", "--ike", ike, "--timeout", "10")

    def forget(self, ike: str) -> None:
        """End a tunnel, or the attempt at one, without waiting for the other side's word."""
        self._swanctl("--terminate", "--ike", ike, "--force", "--timeout", "1")

    def sas(self) -> tuple[IkeSa, ...]:
        """All that there is now."""
        return read_sas(self._swanctl("--list-sas", "--raw").said)

    def algorithms(self) -> str:
        """What the daemon can do, as swanctl prints it."""
        return self._swanctl("--list-algs").said

    def _swanctl(self, *arguments: str) -> Outcome:
        ended = subprocess.run(
            ["swanctl", *arguments, "--uri", f"unix://{self._folder}/vici"],
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
            cwd=self._folder,
        )
        return Outcome(ended.returncode == 0, ended.stdout + ("" if ended.returncode == 0 else ended.stderr))


def connect(one: Daemon, other: Daemon, addresses: tuple[str, str]) -> None:
    """Lay a cable between two daemons and give its ends these addresses."""
    _run(["ip", "link", "add", "up0", "netns", str(one.pid), "type", "veth", "peer", "up0", "netns", str(other.pid)])
    left, right = addresses
    for daemon, own, far in ((one, left, right), (other, right, left)):
        daemon.ip("address", "add", f"{own}/32", "dev", "up0")
        daemon.ip("link", "set", "up0", "up")
        daemon.ip("route", "add", f"{far}/32", "dev", "up0")


def wait_until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again; False if the time is over first."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _run(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise DaemonError(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout
