from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.world.simulated_azure import SimulatedAzure, simulated_azure


@pytest.fixture(scope="session")
def simulator_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys, made once."""
    return tmp_path_factory.mktemp("simulator")


@pytest.fixture
async def azure(simulator_state: Path) -> AsyncIterator[SimulatedAzure]:
    async with simulated_azure(simulator_state) as running:
        yield running
