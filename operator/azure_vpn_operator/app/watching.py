"""The only user of kopf: login, discovery and watch streams. Events are copied into the store; nothing else happens here.

Only the low-level event handler is used. kopf's change handlers, timers, daemons and indexes keep state in annotations and memory of
their own and cannot be told to look at another object, which this product needs all the time (docs/adr/0001).
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import kopf
from typing_extensions import override

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP, VERSION
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.cluster.session import ClusterSession

log = logging.getLogger(__name__)

_IDENTITY = cast("Any", "azure-vpn-operator")  # a NewType of kopf's that it does not export

Seen = Callable[[str, Mapping[str, Any], bool], None]
"""Takes kind, document, and whether the object is gone. Must be quick and must not fail."""


class Watcher:
    """Keeps the watch streams of both kinds open for as long as it runs."""

    def __init__(self, session: ClusterSession, namespaces: Sequence[str], seen: Seen) -> None:
        self._session = session
        self._namespaces = tuple(namespaces)
        self._seen = seen
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()

    def stop(self) -> None:
        """Ask the streams to end."""
        self._stop.set()

    async def wait_ready(self) -> None:
        """Return once kopf has started; it has put its own signal handlers in place by then."""
        await self._ready.wait()

    async def run(self) -> None:
        """Watch until stopped; raises what kopf cannot recover from."""
        tasks = await kopf.spawn_tasks(
            registry=self._build_registry(),
            settings=_build_settings(),
            # For peering only, which is off. kopf would ask for the name of the user, and that of a pod need not have one.
            identity=_IDENTITY,
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
            ready_flag=self._ready,
        )
        await kopf.run_tasks(tasks, ignored=_EveryTask())

    def _build_registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, id="login")(self._log_in)
        for kind, plural in ((VpnConnection.KIND, VpnConnection.PLURAL), (IpsecPolicy.KIND, IpsecPolicy.PLURAL)):
            kopf.on.event(GROUP, VERSION, plural, registry=registry, id=f"seen-{plural}")(self._take(kind))
        return registry

    async def _log_in(self, **_: object) -> kopf.ConnectionInfo:
        facts = await self._session.connection_facts()
        return kopf.ConnectionInfo(
            server=facts.server,
            ca_path=facts.ca_path,
            insecure=facts.insecure,
            scheme=facts.scheme,
            token=facts.token,
            certificate_path=facts.certificate_path,
            private_key_path=facts.private_key_path,
            proxy_url=facts.proxy_url,
        )

    def _take(self, kind: str) -> Callable[..., Any]:
        # kopf tells handlers apart by their function and writes a returned value into the object's status: so a function per kind,
        # and always None.
        async def take(*, type: str | None, body: Mapping[str, Any], **_: object) -> None:  # noqa: A002 (kopf's name)
            self._seen(kind, dict(body), type == "DELETED")

        return take


class _EveryTask(Collection[Any]):
    """What kopf leaves alone at its end, besides the tasks that it was told to run.

    It takes each task that began after it for one of its own, waits five seconds for it and cancels it; that would be our workers.
    """

    @override
    def __contains__(self, _: object) -> bool:
        return True

    @override
    def __iter__(self) -> Iterator[Any]:
        return iter(asyncio.all_tasks())

    @override
    def __len__(self) -> int:
        return len(asyncio.all_tasks())


class _NoEssence(kopf.DiffBaseStorage):
    """kopf compares each object with what it has stored of it, for handlers of which it has none; the copy is most of an event's cost."""

    @override
    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    @override
    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    @override
    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        pass


def _build_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.persistence.diffbase_storage = _NoEssence()
    # kopf removes this finalizer wherever it sees it: it must be none of ours.
    settings.persistence.finalizer = f"{GROUP}/kopf-unused"
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    # kopf has a worker for each object that has just changed, which keeps the document until it ends: after a list of thousands that is
    # most of the memory.
    settings.watching.chunk_size = 100
    settings.queueing.idle_timeout = 0.2
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.watching.server_timeout = 600
    settings.watching.client_timeout = 660
    settings.watching.connect_timeout = 30
    settings.process.ultimate_exiting_timeout = 60
    return settings
