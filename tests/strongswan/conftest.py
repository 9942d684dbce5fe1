"""Two real IKE daemons for each tunnel. Without strongSwan these tests are skipped; in CI they fail."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_vpn_simulator.strongswan.judge import StrongSwan
from azure_vpn_simulator.strongswan.needs import find_missing
from support.gateway_pair import GatewayPair


@pytest.fixture(scope="session")
def strongswan() -> None:
    """Skip, or fail, where there is none."""
    missing = find_missing()
    if missing is not None:
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def pair(strongswan: None) -> Iterator[GatewayPair]:
    """One daemon plays Azure, the other is the device."""
    # Short: a socket's path has at most 107 characters.
    folder = Path(f"/tmp/azvpn-ike-{uuid.uuid4().hex[:6]}")
    folder.mkdir(mode=0o700)
    made = None
    try:
        made = GatewayPair(folder)
        yield made
    finally:
        if made is not None:
            made.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def daemons(strongswan: None) -> Iterator[StrongSwan]:
    """The simulator's dataplane."""
    judge = StrongSwan()
    yield judge
    judge.close()
