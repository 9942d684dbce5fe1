"""Annotations that act once per token."""

import pytest

from azure_vpn_operator.api.base import LastHandled, ObjectMeta
from azure_vpn_operator.domain.passes.requests import handle, is_requested

NAME = "azvpn.dev/reconcile-at"


@pytest.mark.parametrize(
    ("annotations", "handled", "requested"),
    [
        pytest.param({}, None, False, id="nobody asked"),
        pytest.param({NAME: "1"}, None, True, id="the first token"),
        pytest.param({NAME: "1"}, LastHandled(reconcile_at="1"), False, id="a token acts once"),
        pytest.param({NAME: "2"}, LastHandled(reconcile_at="1"), True, id="another token acts"),
        pytest.param({NAME: ""}, None, True, id="an empty token is one too"),
        pytest.param({}, LastHandled(reconcile_at="1"), False, id="taking it away asks for nothing"),
        pytest.param(
            {NAME: "x" * 5000}, LastHandled(reconcile_at="x" * 1024), False, id="a long token is compared as it is kept"
        ),
    ],
)
def test_requests(annotations: dict[str, str], handled: LastHandled | None, requested: bool):
    metadata = ObjectMeta(annotations=annotations)
    assert is_requested(metadata, handled) is requested
    assert not is_requested(metadata, handle(metadata, handled)), "once acted upon, it is remembered"


def test_a_token_that_was_taken_away_stays_remembered():
    assert handle(ObjectMeta(), LastHandled(reconcile_at="1")) == LastHandled(reconcile_at="1")
