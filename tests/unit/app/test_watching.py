import asyncio
import getpass
from typing import Any

import pytest

from azure_vpn_operator.app.watching import Watcher


class UnreachableCluster:
    """A session of which nothing is needed before kopf has started."""

    async def connection_facts(self) -> Any:
        raise AssertionError("it was stopped before it logged in")


async def test_the_user_need_not_have_a_name_as_that_of_a_pod_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_name() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr(getpass, "getuser", no_name)
    watcher = Watcher(UnreachableCluster(), ["network"], lambda *_: None)  # type: ignore[arg-type]
    watcher.stop()

    await asyncio.wait_for(watcher.run(), 20)
