"""Azure's answer about IKE SAs, in the forms that have been seen, and in those that must not be believed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.ike_sas import IkeSa, read_ike_sas
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError

SA: dict[str, Any] = {
    "LocalEndpoint": "52.180.160.154",
    "RemoteEndpoint": "104.208.54.1",
    "InitiatorCookie": 5490733703579933026,
    "LifeTimeSeconds": 28810,
    "ElapsedTimeInSeconds": 23,
    "QuickModeSAs": [{"PfsGroupId": "None", "InboundSPI": 1}],
}
READ = IkeSa("52.180.160.154", "104.208.54.1", 23.0, has_child=True)


def without(name: str) -> dict[str, Any]:
    return {known: value for known, value in SA.items() if known != name}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(json.dumps({"IkeSAs": [SA]}), (READ,), id="a string with JSON, as recorded"),
        pytest.param(json.dumps(json.dumps({"IkeSAs": [SA]})), (READ,), id="a string in a string"),
        pytest.param({"IkeSAs": [SA]}, (READ,), id="the document itself"),
        pytest.param([SA], (READ,), id="a bare list"),
        pytest.param(
            {"ikeSas": [{name[:1].lower() + name[1:]: value for name, value in SA.items()}]}, (READ,), id="camelCase"
        ),
        pytest.param(
            [without("ElapsedTimeInSeconds") | {"elapsedTimeInseconds": "23"}],
            (READ,),
            id="the spelling of PowerShell, and a number as text",
        ),
        pytest.param(
            [without("QuickModeSAs") | {"quickModeSa": SA["QuickModeSAs"]}], (READ,), id="its name of the children"
        ),
        pytest.param({"Status": "Successful", "Data": json.dumps({"IkeSAs": [SA]})}, (READ,), id="data within"),
        pytest.param({"Status": "Successful", "Data": None}, (), id="the specification's example: no data"),
        pytest.param('{"IkeSAs": []}', (), id="no SA"),
        pytest.param([SA, SA], (READ, READ), id="two"),
        pytest.param(
            [without("ElapsedTimeInSeconds")],
            (replace(READ, elapsed_seconds=None),),
            id="no age",
        ),
        pytest.param([SA | {"QuickModeSAs": []}], (replace(READ, has_child=False),), id="no child"),
        pytest.param([{}], (IkeSa("", "", None, has_child=False),), id="nothing is told"),
    ],
)
def test_answer_is_read(document: object, expected: tuple[IkeSa, ...]):
    assert read_ike_sas(document) == expected


@pytest.mark.parametrize(
    "age",
    [
        pytest.param(-1, id="negative"),
        pytest.param(True, id="no number"),
        pytest.param("soon", id="a word"),
        pytest.param(float("nan"), id="not a number"),
        pytest.param(float("inf"), id="for ever"),
        pytest.param(10**400, id="too large to be one"),
        pytest.param(None, id="null"),
        pytest.param([23], id="a list"),
    ],
)
def test_age_that_is_none_is_not_told(age: object):
    (read,) = read_ike_sas([SA | {"ElapsedTimeInSeconds": age}])
    assert read.elapsed_seconds is None


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="null"),
        pytest.param("", id="an empty text"),
        pytest.param("no tunnel", id="a text that is not JSON"),
        pytest.param("[" * 100_000, id="a text that is JSON without end"),
        pytest.param({}, id="nothing in it"),
        pytest.param({"IkeSAs": "none"}, id="a text for the list"),
        pytest.param({"IkeSAs": ["x"]}, id="SAs that are no objects"),
        pytest.param(5, id="a number"),
        pytest.param({"data": {"data": {"data": {"data": []}}}}, id="a list too deep inside"),
    ],
)
def test_answer_without_a_list_is_not_understood(document: object):
    with pytest.raises(UnreadableDocumentError):
        read_ike_sas(document)
