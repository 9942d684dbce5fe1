"""`kubectl azvpn explain`: says why a tunnel is down, what that rests on, and what to do."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.explain.answer import Answer, answer, not_in_azure, not_readable
from azure_vpn_operator.azvpn.explain.azure import NotInAzureError
from azure_vpn_operator.azvpn.explain.cluster import evidence_of
from azure_vpn_operator.azvpn.explain.drops import drops_of, list_events
from azure_vpn_operator.azvpn.explain.page import page_of
from azure_vpn_operator.azvpn.explain.subject import Subject, subjects_of
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.fleet import read_fleet
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.diagnosis.evidence import Evidence


def run(options: argparse.Namespace) -> int:
    """Print the answers; returns the exit code."""
    if (options.name is None) != options.all:
        raise ToolError("name one connection, or give --all")
    cluster = kubectl.Kubectl(options)
    everywhere = options.all and options.all_namespaces
    subjects = _chosen(subjects_of(read_fleet(cluster, everywhere=everywhere)), options)
    now = datetime.now(UTC)
    events = list_events(cluster, everywhere=everywhere) if subjects else ()
    known = [
        evidence_of(subject, drops_of(events, subject.record.metadata.namespace, subject.record.metadata.name), now)
        for subject in subjects
    ]
    answers = _ask(subjects, known) if options.azure else [*map(answer, subjects, known)]
    _write(answers, now, as_json=options.output == "json", many=options.all)
    if any(item.state == "Unknown" for item in answers) and not options.all:
        return 2
    return int(not all(item.is_well for item in answers))


def _chosen(subjects: Sequence[Subject], options: argparse.Namespace) -> Sequence[Subject]:
    if options.all:
        return [subject for subject in subjects if subject.is_down and subject.connection is not None]
    found = [subject for subject in subjects if subject.record.metadata.name == options.name]
    if not found:
        raise ToolError(f"VpnConnection {options.name}: was not found")
    return found


def _ask(subjects: Sequence[Subject], known: Sequence[Evidence]) -> list[Answer]:
    try:
        from azure_vpn_operator.azvpn.explain.session import ask_azure  # noqa: PLC0415 - what it needs may not be installed
    except ModuleNotFoundError as error:
        raise ToolError(
            f"reading Azure needs the library {error.name}: pip install 'azure-vpn-operator[controller]'"
        ) from error
    questions = [(_id(subject), evidence) for subject, evidence in zip(subjects, known, strict=True)]
    found = asyncio.run(ask_azure(questions))
    answers = []
    for subject, item in zip(subjects, found, strict=True):
        if isinstance(item, Evidence):
            answers.append(answer(subject, item))
        else:
            refuse = not_in_azure if isinstance(item, NotInAzureError) else not_readable
            answers.append(refuse(subject, str(item)))
    return answers


def _id(subject: Subject) -> ArmId:
    target = subject.target
    if target is None:
        raise ToolError(f"VpnConnection {subject.name}: its names lead to no resource in Azure")
    try:
        return ArmId.parse(subject.half.id) if subject.half.id else target.connection
    except ValueError:
        return target.connection


def _write(answers: Sequence[Answer], now: datetime, *, as_json: bool, many: bool) -> None:
    if as_json:
        document = [item.as_json() for item in answers] if many else answers[0].as_json()
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    elif not answers:
        sys.stdout.write("No connection is down.\n")
    else:
        sys.stdout.write("\n".join(page_of(item, now) for item in answers))
