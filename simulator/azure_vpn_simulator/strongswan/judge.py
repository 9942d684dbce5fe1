"""strongSwan decides whether a tunnel comes up: the dataplane of `azure-vpn-simulator serve --dataplane strongswan`.

Each tunnel has a pair of daemons. What takes them real time goes on beside the simulation, which asks again until there is an answer.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.ipsec import Match
from azure_vpn_simulator.strongswan.configuration import swanctl
from azure_vpn_simulator.strongswan.daemon import DaemonError, wait_until
from azure_vpn_simulator.strongswan.needs import find_missing
from azure_vpn_simulator.strongswan.pair import Pair
from azure_vpn_simulator.strongswan.proposals import shown_of
from azure_vpn_simulator.strongswan.sas import ChildSa, IkeSa
from azure_vpn_simulator.strongswan.sides import agreed_suite, azure_side, far_side, hosts, who_begins
from azure_vpn_simulator.strongswan.words import messages
from azure_vpn_simulator.tunnels.failures import Failure
from azure_vpn_simulator.tunnels.judging import Attempt, Refusal, Verdict
from azure_vpn_simulator.tunnels.negotiation import Agreement, rekey_seconds
from azure_vpn_simulator.tunnels.state import LiveConfig

_LOG: Final = logging.getLogger(__name__)
_NAME: Final = "tunnel"
_CHILD: Final = f"{_NAME}-1"
_SECONDS: Final = 5.0
"""So long one side may still be at its last message when the other has an IPsec SA."""
_NO_TRAFFIC: Final = "[LOCAL] the IPsec SA is there, and no traffic passes"


class StrongSwan:
    """The judge. `close` it: until then it has two daemons for each tunnel that was ever negotiated."""

    def __init__(self) -> None:
        """Raises OSError if this machine cannot run the daemons; the message says what is missing."""
        if (missing := find_missing()) is not None:
            raise OSError(missing)
        # Short: the path of a socket has at most 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="azvpn-ike-", dir="/tmp"))
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._ended: list[_Lane] = []

    def close(self) -> None:
        """End all daemons."""
        for connection, tunnel in list(self._lanes):
            self.gone(connection, tunnel)
        for lane in self._ended:
            lane.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def negotiate(self, attempt: Attempt) -> Verdict | None:
        """Whether the two daemons come to have an IPsec SA through which traffic passes."""
        return self._lane(attempt).ask("negotiate", attempt, _negotiate)

    def rekey(self, attempt: Attempt) -> Verdict | None:
        """Whether they renew its keys."""
        return self._lane(attempt).ask("rekey", attempt, _rekey)

    def down(self, connection: str, tunnel: int) -> None:
        """Take the real tunnel down too."""
        if (lane := self._lanes.get((connection, tunnel))) is not None:
            lane.drop()

    def gone(self, connection: str, tunnel: int) -> None:
        """End its daemons."""
        if (lane := self._lanes.pop((connection, tunnel), None)) is not None:
            lane.end()
            self._ended.append(lane)

    def _lane(self, attempt: Attempt) -> "_Lane":
        key = attempt.connection, attempt.tunnel
        if key not in self._lanes:
            self._lanes[key] = _Lane(self._folder)
        return self._lanes[key]


class _Lane:
    """One tunnel: everything that its daemons are told, one after the other, in a thread that lives as long as they do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charon")
        self._asked: tuple[str, tuple[int, int]] | None = None
        self._answer: Future[Verdict] | None = None
        self._pair: Pair | None = None

    def ask(self, what: str, attempt: Attempt, find: Callable[[Pair, Attempt], Verdict]) -> Verdict | None:
        """Begin to find the answer, or return it."""
        if self._answer is None or self._asked != (what, attempt.number):
            self._asked = what, attempt.number
            self._answer = self._thread.submit(self._find, attempt, find)
        return self._answer.result() if self._answer.done() else None

    def drop(self) -> None:
        """Take the tunnel down."""
        self._thread.submit(self._quietly, Pair.end)

    def end(self) -> None:
        """End the daemons, once they have done what they are at."""
        self._thread.submit(self._quietly, Pair.close)
        self._thread.shutdown(wait=False)

    def wait(self) -> None:
        """Wait for that."""
        self._thread.shutdown(wait=True)

    def _find(self, attempt: Attempt, find: Callable[[Pair, Attempt], Verdict]) -> Verdict:
        try:
            if self._pair is None:
                # A new folder for each try: what one that failed has left would be in the way of the next.
                self._pair = Pair(Path(tempfile.mkdtemp(dir=self._folder)), attempt.addresses)
            return find(self._pair, attempt)
        except (DaemonError, OSError) as problem:
            _LOG.exception("tunnel %s of %s", attempt.tunnel, attempt.connection)
            return Refusal(Failure.TOLD, (f"[LOCAL] the dataplane does not work: {problem}",))

    def _quietly(self, do: Callable[[Pair], None]) -> None:
        if self._pair is not None:
            with suppress(DaemonError, OSError):
                do(self._pair)


def _negotiate(pair: Pair, attempt: Attempt) -> Verdict:
    begins, answered = who_begins(attempt)
    if begins is None:
        return Refusal(Failure.NOBODY_BEGINS)
    azure, far = azure_side(attempt), far_side(attempt)
    if not (azure if begins == "azure" else far).ike:
        return Refusal(Failure.IKE_PROPOSAL)  # IKE has no word for what it would have to propose
    if (ends := hosts(azure)) is not None:
        pair.put_hosts(*ends)
    pair.load(swanctl(azure, _NAME), swanctl(far, _NAME))
    pair.answer(on=answered)
    before = len(pair.azure.log())
    begun = (pair.azure if begins == "azure" else pair.far).initiate(_NAME, _CHILD)
    if not begun.succeeded or not wait_until(lambda: _installed(pair) is not None, seconds=_SECONDS):
        return _refused(pair, before)
    if isinstance(attempt.far, Device) and _insists_on_ranges(attempt.far, attempt.live):
        pair.end()
        return Refusal(Failure.SELECTORS)
    return _agreed(pair, attempt, renewed=False)


def _rekey(pair: Pair, attempt: Attempt) -> Verdict:
    before = len(pair.azure.log())
    if not pair.azure.rekey(_NAME, _CHILD).succeeded:
        return _refused(pair, before)
    return _agreed(pair, attempt, renewed=True)


def _agreed(pair: Pair, attempt: Attempt, *, renewed: bool) -> Verdict:
    found = _installed(pair)
    if found is None:
        raise DaemonError(f"the IPsec SA of {attempt.connection} is gone")
    ike, esp = found
    ike_words, esp_words = (ike.encryption, ike.integrity or ike.prf, ike.group), (esp.encryption, esp.integrity)
    group = next(iter(shown_of((esp.group,))), "None") if renewed else None
    suite = agreed_suite(attempt.live.suites, shown_of(ike_words), shown_of(esp_words), group)
    if suite is None:
        raise DaemonError(f"the two agreed on {ike_words} and {esp_words}, which is not in force")
    ends = hosts(azure_side(attempt))
    if ends is not None and not pair.traffic_passes(*ends):
        pair.end()
        return Refusal(Failure.TOLD, (_NO_TRAFFIC,))
    return Agreement(Match(suite, pfs_fits=True), rekey_seconds(attempt.live, attempt.far))


def _refused(pair: Pair, before: int) -> Refusal:
    said = messages(pair.azure.log()[before:])
    pair.end()
    return Refusal(Failure.TOLD, said)


def _installed(pair: Pair) -> tuple[IkeSa, ChildSa] | None:
    return next(((sa, sa.installed[-1]) for sa in pair.azure.sas() if sa.installed), None)


def _insists_on_ranges(device: Device, live: LiveConfig) -> bool:
    """Whether a device wants address ranges that it is not offered. strongSwan itself would take a part of what it is offered."""
    return device.requires_policy_based_traffic_selectors and not live.policy_based_selectors
