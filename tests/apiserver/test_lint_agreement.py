"""`kubectl azvpn lint` refuses what the API server refuses, at the same fields and in its words, and nothing else.

AZVPN_LINT_OBJECTS says how many objects are made (1,000; 10,000 take one to four minutes), AZVPN_LINT_SEED which ones.
"""

import asyncio
import json
import os
import re
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.azvpn.lint.documents import read_documents
from azure_vpn_operator.azvpn.lint.findings import Finding, Severity
from azure_vpn_operator.azvpn.lint.judging import read_manifest
from azure_vpn_operator.domain.rules.examination import RULES
from support.cases.connections import CONNECTION_CASES
from support.cases.manifests import make_manifests
from support.cases.objects import Document
from support.cases.policies import POLICY_CASES
from workbench.control_plane.plane import ControlPlane

COUNT = int(os.environ.get("AZVPN_LINT_OBJECTS", "1000"))
SEED = int(os.environ.get("AZVPN_LINT_SEED", "1"))
AT_ONCE = 8
PLURALS = {"IpsecPolicy": "ipsecpolicies", "VpnConnection": "vpnconnections"}
NOT_ASKED = "some validation rules were not checked"
RULE_IDS = {rule.id for rules in RULES.values() for rule in rules}
TOO_SMALL = {"range", "length", "items"}
"""Where a value is too small the server asks our rules as well; Python leaves it at one violation."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Verdict:
    """What the server says of an object."""

    causes: tuple[tuple[str, str], ...] = ()
    """Field and words of each refusal."""
    unknown: frozenset[str] = frozenset()
    undecoded: str = ""
    """Why it could not even read the object."""
    is_complete: bool = True


class Judge:
    def __init__(self, client: ApiClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask(self, document: Document) -> Verdict:
        async with self._slots:
            status, answer = await self._create(document, "Strict")
            unknown = frozenset(re.findall(r'unknown field "([^"]+)"', answer.get("message", "")))
            if status == 400 and unknown:
                status, answer = await self._create(document, "Ignore")
        if status == 201:
            return Verdict(unknown=unknown)
        if status != 422:
            return Verdict(unknown=unknown, undecoded=answer["message"])
        causes = [(str(cause.get("field")), cause["message"]) for cause in answer["details"]["causes"]]
        return Verdict(
            causes=tuple((_field(field, words), words) for field, words in causes if _is_about_a_field(field, words)),
            unknown=unknown,
            is_complete=not any(NOT_ASKED in words for _, words in causes),
        )

    async def _create(self, document: Document, validation: str) -> tuple[int, dict[str, Any]]:
        body = document
        if isinstance(document.get("metadata"), dict):
            body = {**document, "metadata": {**document["metadata"], "namespace": self._namespace}}
        method, url, headers, sent, _ = await self._client.param_serialize(
            "POST",
            f"/apis/azvpn.dev/v1alpha1/namespaces/{self._namespace}/{PLURALS[document['kind']]}",
            query_params=[("dryRun", "All"), ("fieldValidation", validation)],
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = await self._client.call_api(method, url, headers, sent)
        return response.status, json.loads(await response.read())


def _field(field: str, words: str) -> str:
    return "metadata.name" if field == "<nil>" and "[name-length]" in words else field


def _is_about_a_field(field: str, words: str) -> bool:
    return field != "<nil>" or "[name-length]" in words


def refusals(document: Document) -> list[Finding]:
    (read,) = read_documents("manifest.json", json.dumps(document))
    _, findings = read_manifest(read, "default")
    assert all(finding.severity is Severity.ERROR for finding in findings)
    return findings


def reported_at(finding: Finding) -> str:
    """The server names the map or list for an entry of the metadata."""
    match = re.match(r"metadata\.(labels|annotations|finalizers)\b", finding.field)
    return match[0] if match is not None else finding.field


def disagreements(verdict: Verdict, findings: list[Finding]) -> list[str]:
    """In what lint and the server differ, in words; empty if in nothing."""
    ours = [finding for finding in findings if finding.rule != "unknown-field"]
    wrong = []
    unknown = {finding.field for finding in findings if finding.rule == "unknown-field"}
    if verdict.undecoded:
        # Where the metadata cannot be read, nothing else is.
        if not any(finding.field.startswith("metadata") for finding in ours):
            wrong.append(f"not refused: {verdict.undecoded}")
        return wrong
    if unknown != verdict.unknown:
        wrong.append(f"unknown fields: {sorted(unknown ^ verdict.unknown)}")
    if bool(ours) != bool(verdict.causes):
        wrong.append(f"refused by one: {[finding.text for finding in ours]}, {verdict.causes}")
    theirs = {field for field, _ in verdict.causes}
    schema = {reported_at(finding) for finding in ours if not is_rule(finding)}
    rules = {reported_at(finding) for finding in ours if is_rule(finding)}
    if missing := (schema | (rules if verdict.is_complete else set())) - theirs:
        wrong.append(f"only lint: {sorted(missing)}")
    small = {reported_at(finding) for finding in ours if finding.rule in TOO_SMALL}
    if small and verdict.is_complete:
        theirs = {field for field, words in verdict.causes if not re.search(r"\[[a-z0-9-]+\]$", words)} | (
            theirs & rules
        )
    # Of what has too many entries the entries are not looked at.
    full = tuple(f"{finding.field}{sign}" for finding in ours if finding.rule == "items" for sign in ".[")
    if extra := {field for field in theirs - schema - rules if not field.startswith(full)}:
        wrong.append(f"only the server: {sorted(extra)}")
    wrong += [
        f"other words: {finding.message!r}, {verdict.causes}"
        for finding in ours
        if finding.field.startswith("spec") and not is_said(finding, verdict)
    ]
    return wrong


def is_rule(finding: Finding) -> bool:
    return finding.rule in RULE_IDS


def is_said(finding: Finding, verdict: Verdict) -> bool:
    if is_rule(finding):
        return not verdict.is_complete or any(
            words.endswith(f"{finding.message} [{finding.rule}]") for _, words in verdict.causes
        )
    # Huge numbers and long texts are shown in short.
    said = [words for field, words in verdict.causes if field == finding.field]
    return any(words == finding.message for words in said) or "…" in finding.message or _is_huge(said)


def _is_huge(said: Iterable[str]) -> bool:
    return any(re.search(r"e\+\d\d", words) for words in said)


@pytest_asyncio.fixture(loop_scope="session")
async def judge(control_plane: ControlPlane, azvpn_crds: None) -> AsyncIterator[Judge]:
    namespace = f"lint-{uuid.uuid4().hex[:8]}"
    await control_plane.create_namespace(namespace)
    async with control_plane.client() as client:
        yield Judge(client, namespace)


async def _compare(judge: Judge, documents: list[Document]) -> tuple[list[str], int]:
    verdicts = await asyncio.gather(*(judge.ask(document) for document in documents))
    wrong = []
    for document, verdict in zip(documents, verdicts, strict=True):
        if found := disagreements(verdict, refusals(document)):
            wrong.append(f"{found}\n{json.dumps(document)[:1500]}")
    refused = sum(bool(verdict.causes or verdict.unknown or verdict.undecoded) for verdict in verdicts)
    return wrong, refused


async def test_lint_agrees_about_every_case_of_the_tables(judge: Judge) -> None:
    documents = [case.document for case in (*POLICY_CASES, *CONNECTION_CASES)]

    wrong, refused = await _compare(judge, documents)

    assert wrong == []
    assert 100 < refused < len(documents)


@pytest.mark.slow
async def test_lint_agrees_about_objects_that_nobody_thought_of(judge: Judge) -> None:
    wrong, refused = await _compare(judge, make_manifests(SEED, COUNT))

    assert not wrong, f"{len(wrong)} of {COUNT}, seed {SEED}:\n" + "\n".join(wrong[:10])
    assert COUNT * 0.4 < refused < COUNT * 0.9
