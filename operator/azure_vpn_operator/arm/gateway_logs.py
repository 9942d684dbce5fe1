"""What gateways have logged about their tunnels, asked for in a workspace of Log Analytics."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from typing_extensions import override

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.classify import fault_of_error
from azure_vpn_operator.arm.kql import newest_lines, usable_addresses
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.arm.workspaces import Workspaces
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind, safe_message
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, Unreadable
from azure_vpn_operator.ports import GatewayLogsPort
from azure_vpn_operator.runtime.clock import Clock

_LONGEST_LINE: Final = 2000


class ArmGatewayLogs(GatewayLogsPort):
    """The workspace that is named, or else that of each gateway's diagnostic setting."""

    def __init__(self, session: ArmSession, clock: Clock, workspace: str = "") -> None:
        """Take the session, which stays the caller's to close, and the workspace's customer id; empty: it is found."""
        self._session = session
        self._workspace = workspace
        self._workspaces = Workspaces(session, clock)

    @override
    async def newest(
        self, gateway: ArmId, remote_addresses: Sequence[str], since: datetime
    ) -> Read[Sequence[GatewayLogLine]]:
        """As promised by the port; addresses that are none are left out, and without any nothing is asked."""
        addresses = usable_addresses(remote_addresses)
        if not self._session.reaches_logs:
            return Absent()
        if not addresses:
            return Present(())
        found = Present(self._workspace) if self._workspace else await self._workspaces.of(gateway)
        if not isinstance(found, Present):
            return found
        try:
            query = newest_lines(gateway, addresses, since)
        except ValueError:
            return Unreadable(Fault(FaultKind.UNSUPPORTED, "UnusualName", "The gateway's id cannot be asked for."))
        answer = await self._session.query_logs(found.value, query, subscription=gateway.subscription)
        if isinstance(answer, Fault):
            return Unreadable(_with_role(answer, found.value))
        return self._read(answer)

    def _read(self, answer: Answer) -> Read[Sequence[GatewayLogLine]]:
        document = self._session.without_keys(answer.document)
        partial = document.get("error") if isinstance(document, Mapping) else None
        try:
            lines = _read_table(document)
        except UnreadableDocumentError as error:
            text = f"Not understood: {error}."
            return Unreadable(Fault(FaultKind.UNREADABLE, "UnexpectedDocument", text, None, answer.request_id))
        if partial and not lines:
            # Azure gave up in the middle; what came before that counts, and nothing is no answer.
            return Unreadable(fault_of_error(500, {"error": partial}, request_id=answer.request_id))
        return Present(lines)


def _with_role(fault: Fault, workspace: str) -> Fault:
    if fault.kind is not FaultKind.FORBIDDEN:
        return fault
    text = f"The role Log Analytics Reader on the workspace {workspace} is missing. {fault.message}"
    return replace(fault, message=safe_message(text))


def _read_table(document: object) -> tuple[GatewayLogLine, ...]:
    tables = document.get("tables") if isinstance(document, Mapping) else None
    if not isinstance(tables, list) or not tables or not isinstance(tables[0], Mapping):
        raise UnreadableDocumentError("no table")
    columns, rows = tables[0].get("columns"), tables[0].get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise UnreadableDocumentError("a table without columns or rows")
    names = [column.get("name") if isinstance(column, Mapping) else None for column in columns]
    lines = [_read_row(dict(zip(names, row, strict=False))) for row in rows if isinstance(row, list)]
    return tuple(sorted(lines, key=lambda line: line.time, reverse=True))


def _read_row(row: Mapping[Any, Any]) -> GatewayLogLine:
    return GatewayLogLine(
        time=_time(row.get("TimeGenerated")),
        category=_text(row.get("Category")),
        operation=_text(row.get("OperationName")),
        message=(_text(row.get("Line")) or _text(row.get("Reason")))[:_LONGEST_LINE],
        instance=_text(row.get("Instance")),
    )


def _time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise UnreadableDocumentError("TimeGenerated is not a time")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
