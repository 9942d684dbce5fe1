from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.runtime.clock import SystemClock
from support.world.operator_access import RecordedRequests, operator_kubeconfig
from workbench.control_plane.plane import ControlPlane


@pytest.fixture
def requests() -> RecordedRequests:
    return RecordedRequests()


@pytest.fixture
async def kubeconfig(control_plane: ControlPlane, azvpn_crds: None, namespace: str) -> Path:
    """The operator's own identity, with the shipped rights only."""
    return await operator_kubeconfig(control_plane, namespace)


@pytest.fixture
async def session(kubeconfig: Path, requests: RecordedRequests) -> AsyncIterator[ClusterSession]:
    settings = ClusterSettings(kubeconfig=str(kubeconfig))
    async with ClusterSession(settings, clock=SystemClock(), observer=requests) as session:
        yield session
