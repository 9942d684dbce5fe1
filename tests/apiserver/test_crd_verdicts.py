"""The CRDs give the verdicts of the tables, in our words where the rule is ours."""

import uuid
from collections.abc import Iterator

import pytest

from azure_vpn_operator.domain.rules.connection import CONNECTION_RULES, CONNECTION_TRANSITIONS
from azure_vpn_operator.domain.rules.policy import POLICY_RULES
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.cases.connections import CONNECTION_CASES
from support.cases.objects import Case, Document, UpdateCase, params
from support.cases.policies import POLICY_CASES
from support.cases.updates import UPDATE_CASES
from support.world.api_server import Answer, ApiServer, open_api_server
from workbench.control_plane.plane import ControlPlane

_TEXTS = {rule.id: rule.text for rule in (*POLICY_RULES, *CONNECTION_RULES, *CONNECTION_TRANSITIONS)}
# The server's words for what the schema says.
_WORDS = {
    "type": "must be of type",
    "enum": "Unsupported value",
    "range": "should be",
    "length": ("Too long", "chars long"),
    "items": ("Too many", "items"),
    "required": "Required value",
    "object-name": "a lowercase RFC 1123",
}


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, azvpn_crds: None) -> Iterator[ApiServer]:
    with open_api_server(control_plane, f"verdicts-{uuid.uuid4().hex[:8]}") as opened:
        yield opened


def _assert_verdict(answer: Answer, refused: tuple[tuple[str, str], ...]) -> None:
    """Compare, knowing that the server asks our rules only while types and sizes are right, and then also where a
    value is too small, which Python leaves at one violation.
    """
    assert (answer.refusal is not None) == bool(refused), answer.refusal
    for rule, field in refused:
        if rule not in _WORDS and not answer.is_complete:
            continue
        words = _WORDS.get(rule, _TEXTS.get(rule))
        assert any(word in str(answer.refusal) for word in ([words] if isinstance(words, str) else words or ()))
        assert field in str(answer.refusal) or rule == "name-length"
    ours = {rule for rule, _ in refused if rule not in _WORDS}
    if answer.is_complete and ours == {rule for rule, _ in refused}:
        assert answer.rules == ours


@pytest.mark.parametrize("case", params([*POLICY_CASES, *CONNECTION_CASES]))
def test_server_has_the_verdict_of_the_table(server: ApiServer, case: Case):
    _assert_verdict(server.try_create(case.document), case.refused)


@pytest.mark.parametrize("case", params(UPDATE_CASES))
def test_server_has_the_verdict_of_the_table_about_updates(server: ApiServer, case: UpdateCase):
    stored = server.create(case.old, case.status)
    try:
        _assert_verdict(server.try_update(stored, case.new), case.refused)
    finally:
        server.delete(stored)


@pytest.mark.parametrize("case", params([case for case in (*POLICY_CASES, *CONNECTION_CASES) if not case.refused]))
def test_what_the_server_stores_is_read_as_what_was_sent(server: ApiServer, case: Case):
    read = read_policy if case.document["kind"] == "IpsecPolicy" else read_connection
    stored = _store(server, case.document)

    sent, kept = read(case.document), read(stored)

    assert not isinstance(sent, Invalid)
    assert not isinstance(kept, Invalid)
    assert kept.spec == sent.spec
    assert kept.status == sent.status


def _store(server: ApiServer, document: Document) -> Document:
    if document["metadata"]["name"] in {"site6", "vnet1-to-site6"}:
        name = f"stored-{uuid.uuid4().hex[:12]}"
        document = {**document, "metadata": {**document["metadata"], "name": name}}
    return server.create(document)
