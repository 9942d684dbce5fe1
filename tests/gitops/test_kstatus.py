"""The library by which Flux, Config Sync and kpt judge objects, over the recorded states."""

from collections.abc import Callable, Mapping

import pytest

from support import checkers
from support.cases.states import STATES
from support.git_tools import ArgoLua, Document, Kstatus, Verdict
from support.recordings import read_recording
from support.state_laws import broken_laws


def test_each_state_is_judged_as_it_is_meant(kstatus: Kstatus) -> None:
    verdicts = kstatus.judge(read_recording(*state) for state in STATES)

    assert [verdict.status for verdict in verdicts] == [state.kstatus for state in STATES.values()]


def test_each_state_keeps_the_laws(kstatus: Kstatus, argo: ArgoLua) -> None:
    documents = [read_recording(*state) for state in STATES]
    judged = zip(documents, kstatus.judge(documents), argo.health(documents), strict=True)

    assert [list(broken_laws(*found)) for found in judged] == [[] for _ in documents]


def test_the_checker_of_the_fast_tests_judges_like_the_library(kstatus: Kstatus) -> None:
    documents = [read_recording(*state) for state in STATES]

    assert [checkers.kstatus(document) for document in documents] == [
        verdict.status for verdict in kstatus.judge(documents)
    ]


def test_failure_is_told_in_the_words_of_the_condition(kstatus: Kstatus) -> None:
    document = read_recording("VpnConnection", "rolled-back")
    (stalled,) = [item for item in document["status"]["conditions"] if item["type"] == "Stalled"]

    assert kstatus.judge([document]) == [Verdict("Failed", stalled["message"])]


def _with(document: Document, **status: object) -> Document:
    return {**document, "status": {**document["status"], **status}}


def _conditions(document: Document, **changes: Mapping[str, object] | None) -> Document:
    kept = [item for item in document["status"]["conditions"] if item["type"] not in changes]
    made = [{"type": kind, **change} for kind, change in changes.items() if change is not None]
    return _with(document, conditions=kept + made)


def _says(status: str, reason: str) -> dict[str, object]:
    return {"status": status, "reason": reason, "message": "m", "observedGeneration": 2}


READY, ROLLED_OUT = ("VpnConnection", "ready"), ("IpsecPolicy", "rolled-out")


@pytest.mark.parametrize(
    ("state", "change", "law"),
    [
        pytest.param(READY, lambda d: {**d, "status": None}, "there is no observedGeneration", id="no status"),
        pytest.param(READY, lambda d: _with(d, observedGeneration=9), "there are only", id="a generation to come"),
        pytest.param(READY, lambda d: _with(d, observedGeneration=-1), "observedGeneration is -1, with", id="unseen"),
        pytest.param(READY, lambda d: _with(d, change={"state": "Confirming"}), "a change is Confirming", id="open"),
        pytest.param(
            ROLLED_OUT,
            lambda d: _conditions(d, RolledOut=_says("False", "RolloutPaused")),
            "not rolled out: RolloutPaused",
            id="not everywhere yet",
        ),
        pytest.param(
            READY,
            lambda d: _conditions(d, Ready=_says("False", "Creating"), Stalled=_says("True", "Creating")),
            "Failed for Creating",
            id="a reason that is no failure",
        ),
    ],
)
def test_law_that_is_broken_is_named(
    kstatus: Kstatus, argo: ArgoLua, state: tuple[str, str], change: Callable[[Document], Document], law: str
) -> None:
    document = change(read_recording(*state))

    (verdict,), (health,) = kstatus.judge([document]), argo.health([document])

    assert any(law in found for found in broken_laws(document, verdict, health))
