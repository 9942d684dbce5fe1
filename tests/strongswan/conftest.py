"""Two real gateways: one plays Azure, the other is the device. Without strongSwan these tests are skipped; in CI they fail."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gateway_pair import GatewayPair
from workbench.strongswan.needs import find_missing


@pytest.fixture(scope="session")
def pair() -> Iterator[GatewayPair]:
    missing = find_missing()
    if missing is not None:
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
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
