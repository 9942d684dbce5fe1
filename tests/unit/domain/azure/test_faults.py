"""Faults as values, and the table of what follows from them."""

import pytest

from azure_vpn_operator.domain.azure.faults import MESSAGE_LIMIT, VERDICTS, Fault, FaultKind, safe_message, verdict


def test_every_kind_has_a_verdict():
    assert set(VERDICTS) == set(FaultKind)


@pytest.mark.parametrize("kind", FaultKind)
def test_delays_make_sense(kind: FaultKind):
    meaning = verdict(Fault(kind, "Code", ""))
    assert 0 < meaning.retry_seconds <= meaning.max_retry_seconds <= 1800
    if meaning.stalled:
        assert meaning.retry_seconds >= 60, "slow, since a person has to act"


@pytest.mark.parametrize(
    ("kind", "stalled"),
    [
        ("Busy", False),
        ("Throttled", False),
        ("Unauthenticated", True),
        ("Forbidden", True),
        ("Locked", True),
        ("DeniedByPolicy", True),
        ("NotFound", False),
        ("Rejected", True),
        ("Conflict", False),
        ("Unavailable", False),
        ("Unreadable", False),
        ("Unsupported", True),
    ],
)
def test_what_needs_a_person(kind: str, stalled: bool):
    assert VERDICTS[FaultKind(kind)].stalled is stalled


@pytest.mark.parametrize("kind", FaultKind)
def test_a_write_whose_answer_was_lost_may_have_taken_effect(kind: FaultKind):
    assert Fault(kind, "Code", "").outcome_unknown is (kind in {"Unavailable", "Unreadable", "Unsupported"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\n  lines\t here", "two lines here"),
        ("Failed. Correlation ID: 0f3f6c0e-0000-4000-8000-000000000001", "Failed"),
        ("Failed, request id 'abcdef12-3456'.", "Failed."),
        ("Timestamp: 2026-03-01T10:00:00Z Failed", "Failed"),
        (
            "subscription 11111111-2222-3333-4444-555555555555 is disabled",
            "subscription 11111111-2222-3333-4444-555555555555 is disabled",
        ),
    ],
)
def test_equal_failures_read_equal(text: str, shown: str):
    assert safe_message(text).strip() == shown


def test_long_texts_are_cut():
    assert len(safe_message("x" * 5000)) == MESSAGE_LIMIT == 600


def test_a_fault_reads_as_code_and_text():
    assert str(Fault(FaultKind.REJECTED, "InvalidParameter", "dpd")) == "InvalidParameter: dpd"
    assert str(Fault(FaultKind.REJECTED, "InvalidParameter", "")) == "InvalidParameter"
