from typing import Any

import pytest

from azure_vpn_operator.cluster.classify import fault_of_status
from azure_vpn_operator.domain.azure.faults import FaultKind


def status(reason: str, **details: Any) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "reason": reason, "message": "as told", "details": details}


@pytest.mark.parametrize(
    ("code", "document", "kind", "name"),
    [
        pytest.param(401, status("Unauthorized"), FaultKind.UNAUTHENTICATED, "Unauthorized", id="token refused"),
        pytest.param(403, status("Forbidden", name="k"), FaultKind.FORBIDDEN, "Forbidden", id="a right is missing"),
        pytest.param(404, status("NotFound", name="k"), FaultKind.NOT_FOUND, "NotFound", id="no such object"),
        pytest.param(404, status("NotFound"), FaultKind.NOT_FOUND, "ResourceTypeNotFound", id="no such kind"),
        pytest.param(409, status("Conflict", name="k"), FaultKind.CONFLICT, "Conflict", id="changed in between"),
        pytest.param(410, status("Expired"), FaultKind.CONFLICT, "Expired", id="the list's pages are too old"),
        pytest.param(422, status("Invalid", name="k"), FaultKind.REJECTED, "Invalid", id="against the schema"),
        pytest.param(400, status("BadRequest"), FaultKind.REJECTED, "BadRequest", id="malformed"),
        pytest.param(429, status("TooManyRequests"), FaultKind.THROTTLED, "TooManyRequests", id="flow control"),
        pytest.param(500, status("InternalError"), FaultKind.UNAVAILABLE, "InternalError", id="its own trouble"),
        pytest.param(504, status("Timeout"), FaultKind.UNAVAILABLE, "Timeout", id="etcd is slow"),
        pytest.param(409, {"kind": "Status"}, FaultKind.CONFLICT, "HTTP409", id="a Status without a reason"),
        pytest.param(409, {"kind": "Pod"}, FaultKind.UNREADABLE, "HTTP409", id="not the API server's words"),
        pytest.param(404, None, FaultKind.UNREADABLE, "HTTP404", id="a proxy's 404"),
        pytest.param(403, ["x"], FaultKind.UNREADABLE, "HTTP403", id="a proxy's 403"),
        pytest.param(502, None, FaultKind.UNAVAILABLE, "HTTP502", id="a load balancer"),
    ],
)
def test_refusals_of_the_api_server(code: int, document: object, kind: FaultKind, name: str):
    fault = fault_of_status(code, document)
    assert (fault.kind, fault.code) == (kind, name)


def test_time_to_wait_comes_from_the_header_or_from_the_details():
    document = status("TooManyRequests", retryAfterSeconds=3)
    assert fault_of_status(429, document).retry_after == 3.0
    assert fault_of_status(429, document, retry_after=7.0).retry_after == 7.0
    assert fault_of_status(429, status("TooManyRequests", retryAfterSeconds="x")).retry_after is None
