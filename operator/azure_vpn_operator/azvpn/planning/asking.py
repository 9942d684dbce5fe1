"""The operator's core over what would be there once the files were applied: asked what it would do, and never let do it."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from azure_vpn_operator.api.vpn_connection_status import DifferenceEffect
from azure_vpn_operator.app.core import Core, Ports
from azure_vpn_operator.app.settings import arm_settings_of
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.arm.gateways import ArmGateways
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.azvpn.kubectl import Document, Kubectl
from azure_vpn_operator.azvpn.planning.edits import tell_edit
from azure_vpn_operator.azvpn.planning.foreseen import Action, Foreseen, foresee, foresee_policy
from azure_vpn_operator.azvpn.planning.objects import SECRET, Files, Name
from azure_vpn_operator.azvpn.planning.reading import DigestKeyByKubectl, NoEvents, ObjectsInMemory, SecretsByKubectl
from azure_vpn_operator.azvpn.planning.settings import Decided
from azure_vpn_operator.reconcile.pass_result import PassResult
from azure_vpn_operator.reconcile.reading import CONNECTION, POLICY
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.telemetry.metrics import Metrics
from azure_vpn_operator.telemetry.redaction import SecretRegistry

AT_ONCE: Final = 10
"""Units that are asked about at the same time."""
_TRIES: Final = 3
"""So often an object is looked at that changes while it is looked at."""
DISTRIBUTION: Final = "azure-vpn-operator"


class ClosedFence:
    """Lets no write through, whatever is decided."""

    @property
    def is_open(self) -> bool:
        """Never."""
        return False

    def covers(self, seconds: float) -> bool:
        """Never."""
        del seconds
        return False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about these objects, in this world."""

    objects: Mapping[Name, Document]
    """All that would be there."""
    files: Files
    decided: Decided
    operator_namespace: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be done."""

    connections: Sequence[Foreseen]
    edits: Sequence[str]
    """How the new values of edited policies would reach their connections."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done, and nothing is in the way."""
        return all(item.action is Action.NOTHING for item in self.connections)


async def ask_operator(question: Question, kubectl: Kubectl, progress: Callable[[int, int], None]) -> Answer:
    """What the operator would do about each connection that the files have a part in; about all, if there are no files.

    `progress` is told how many units of how many are done.
    """
    # What the core logs is for whoever runs it; here its answers say everything.
    logging.getLogger("azure_vpn_operator").addHandler(logging.NullHandler())
    guard, clock = SecretRegistry(), SystemClock()
    decided = question.decided
    arm_settings = arm_settings_of(decided.settings, decided.environment, version(DISTRIBUTION))
    async with ArmSession(arm_settings, clock=clock, secrets=guard) as session:
        ports = Ports(
            connections=ArmConnections(session, ClosedFence()),
            gateways=ArmGateways(session),
            objects=ObjectsInMemory(question.objects),
            secrets=SecretsByKubectl(kubectl, question.files.secrets, guard),
            digest_keys=DigestKeyByKubectl(kubectl, question.operator_namespace, guard),
            events=NoEvents(),
        )
        metrics = Metrics(version=version(DISTRIBUTION))
        core = Core(decided.settings, decided.environment, ports, clock, metrics, decided.rules)
        given = [*question.files.objects, *question.files.secrets]
        connections = await foresee_all(core, given, progress)
        return Answer(connections, _edits(core))


async def foresee_all(core: Core, given: Iterable[Name], progress: Callable[[int, int], None]) -> list[Foreseen]:
    """Ask a core, which has done nothing so far, about each connection that these objects have a part in; all, if there are none.

    A policy among them that breaks a rule is told too: it may have no connection yet.
    """
    await core.fill()
    for policy in core.store.keys(POLICY):
        core.rollouts.grant_all(policy)
    names = set(given)
    units = sorted({core.reader.unit_of(key) for key in _touched(core, names)})
    limit = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def ask(unit: Sequence[ObjectKey]) -> list[Foreseen]:
        nonlocal done
        async with limit:
            found = await _foresee_unit(core, unit)
        done += 1
        progress(done, len(units))
        return found

    answers = await asyncio.gather(*(ask(unit) for unit in units))
    found = [*_broken_policies(core, names), *(item for answer in answers for item in answer)]
    return sorted(found, key=lambda item: (item.object, item.connection))


async def _foresee_unit(core: Core, unit: Sequence[ObjectKey]) -> list[Foreseen]:
    for _ in range(_TRIES):
        found = await core.connections.preview(unit[0])
        if not isinstance(found, PassResult):
            return [foresee(f"{h.key.object.namespace}/{h.key.object.name}", h.snapshot, h.step) for h in found]
    text = "it changes while it is looked at: ask again in a moment"
    return [
        Foreseen(f"{key.namespace}/{key.name}", "", Action.UNKNOWN, DifferenceEffect.NONE, "", text) for key in unit
    ]


def _broken_policies(core: Core, names: Collection[Name]) -> Iterator[Foreseen]:
    for key in core.store.keys(POLICY):
        record = core.reader.policy_record(key)
        if record is None or (names and (POLICY, key.namespace, key.name) not in names):
            continue
        found = foresee_policy(f"{key.namespace}/{key.name}", record.subject)
        if found is not None:
            yield found


def _touched(core: Core, names: Collection[Name]) -> set[ObjectKey]:
    """The connections among these objects, and those that use a policy or a Secret among them."""
    if not names:
        return set(core.store.keys(CONNECTION))
    connections = {ObjectKey(*name) for name in names if name[0] == CONNECTION}
    users = {
        user for kind, *place in names if kind == POLICY for user in core.reader.users_of_policy(place[0], place[1])
    }
    keyed = {
        user for kind, *place in names if kind == SECRET for user in core.reader.users_of_secret(place[0], place[1])
    }
    return connections | users | keyed


def _edits(core: Core) -> list[str]:
    found = []
    for key in sorted(core.store.keys(POLICY)):
        record = core.reader.policy_record(key)
        units = {core.reader.unit_of(user)[0] for user in core.reader.users_of_policy(key.namespace, key.name)}
        told = tell_edit(record, len(units)) if record is not None else None
        found += [told] if told is not None else []
    return found
