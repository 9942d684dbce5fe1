"""How a line of a gateway's log is quoted."""

from datetime import UTC, datetime, timedelta

from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine, quote

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEAD = "SESSION_ID :{7679C037-BCA4-5640-ACC6-1636E14A6E43} Remote 203.0.113.6:500: Local 198.18.0.1:500: "
KEY = "[RECEIVED] IKE_AUTH response with notify AUTHENTICATION_FAILED"


def lines(*messages: str) -> list[GatewayLogLine]:
    """Newest first, a second apart."""
    return [
        GatewayLogLine(NOON - timedelta(seconds=age), "IKEDiagnosticLog", "op", HEAD + message)
        for age, message in enumerate(messages)
    ]


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
