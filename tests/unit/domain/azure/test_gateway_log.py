"""Which line of a gateway's log is quoted, and how."""

from datetime import UTC, datetime, timedelta

import pytest

from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine, decisive_line, quote

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEAD = "SESSION_ID :{7679C037-BCA4-5640-ACC6-1636E14A6E43} Remote 203.0.113.6:500: Local 198.18.0.1:500: "
SEND = "[SEND] IKE_SA_INIT request"
PROPOSAL = "[RECEIVED] IKE_SA_INIT response with notify NO_PROPOSAL_CHOSEN"
KEY = "[RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED"
POLICY = "[LOCAL] [ErrorCode] 0x362C [ErrorMessage] Policy match error"
TIMEOUT = "[LOCAL] [ErrorCode] 0x35ED [ErrorMessage] Negotiation timed out"


def lines(*messages: str) -> list[GatewayLogLine]:
    """Newest first, a second apart."""
    return [
        GatewayLogLine(NOON - timedelta(seconds=age), "IKEDiagnosticLog", "op", HEAD + message)
        for age, message in enumerate(messages)
    ]


@pytest.mark.parametrize(
    ("messages", "decisive"),
    [
        pytest.param([POLICY, PROPOSAL, SEND], PROPOSAL, id="a notification tells more than Azure's summary of it"),
        pytest.param([SEND, KEY, SEND, PROPOSAL], KEY, id="the newest of two"),
        pytest.param([TIMEOUT, SEND], TIMEOUT, id="nobody answers"),
        pytest.param([POLICY, SEND], POLICY, id="only Azure's words"),
        pytest.param(["[LOCAL] Sending Notify Message - Authentication failed"], None, id="see below"),
        pytest.param(["[RECEIVED] Quick Mode notify NO-PROPOSAL-CHOSEN"], None, id="IKEv1's spelling"),
        pytest.param([SEND, SEND], "", id="messages that decide nothing"),
        pytest.param(["[SEND] MYNO_PROPOSAL_CHOSENX"], "", id="a name inside a word"),
        pytest.param([], "", id="no line"),
    ],
)
def test_which_line_decides(messages: list[str], decisive: str | None) -> None:
    found = decisive_line(lines(*messages))
    expected = messages[0] if decisive is None else decisive
    assert (found.message.removeprefix(HEAD) if found else "") == expected


def test_a_quote_is_without_its_session_and_with_its_time() -> None:
    [line] = lines(KEY)
    assert quote(line) == (
        '"Remote 203.0.113.6:500: Local 198.18.0.1:500: [RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED"'
        " (2026-01-01T12:00:00Z)"
    )


def test_a_long_line_is_cut() -> None:
    [line] = lines(KEY + "x" * 1000)
    assert len(quote(line)) < 300
    assert '…" (' in quote(line)
