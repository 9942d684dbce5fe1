"""What the status keeps of a request to reset a half, and what is told of it."""

from azure_vpn_operator.api.vpn_connection_status import ResetRecord, ResetState
from azure_vpn_operator.domain.passes.steps import Reset
from azure_vpn_operator.domain.reporting.halves import HalfReport


def reset_after(report: HalfReport) -> ResetRecord | None:
    """The record after a pass, or just before its write; None if nobody has asked.

    It says Sent before Azure is called, so that a crash never sends it twice.
    """
    view, step, summary = report.snapshot.reset, report.step, report.summary
    if view.due is None:
        return view.record
    sent = isinstance(step, Reset) and (summary.foretold or summary.written)
    state = ResetState.SENT if sent else ResetState.WAITS
    before = view.record
    if before is not None and before.token == view.due and before.state is state:
        return before
    return ResetRecord(
        role=report.snapshot.role, token=view.due, state=state, time=report.snapshot.now.replace(microsecond=0)
    )
