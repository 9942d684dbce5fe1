from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def simulator_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys, made once."""
    return tmp_path_factory.mktemp("simulator")
