import json
from pathlib import Path

import pytest

from support.packaging import CHART, container_of
from support.packaging import Helm as LocalHelm
from workbench.cluster.install import CREDENTIALS, Installation, write_values
from workbench.image.names import image_name
from workbench.stack import CLIENT_SECRET, SimulatedAzure


@pytest.fixture
def values(tmp_path: Path) -> Path:
    ca = tmp_path / "authority.crt"
    ca.write_text("certificate")
    azure = SimulatedAzure("https://a:1", "https://b:2", "http://c:3", ca)
    return write_values(tmp_path, Installation(image_name(), azure, {"installationId": "x", "recentInterval": 1}))


def test_the_values_hold_no_secret_but_name_one(values: Path) -> None:
    written = values.read_text()

    assert CLIENT_SECRET not in written
    assert json.loads(written)["azure"]["credentialsSecret"] == CREDENTIALS


def test_the_chart_takes_the_values(values: Path, helm: LocalHelm) -> None:
    container = container_of(helm.template(values))

    assert container["image"] == str(image_name())
    assert {"name": "SSL_CERT_FILE", "value": "/etc/simulated-azure/ca.crt"} in container["env"]
    assert (CHART / "values.yaml").exists()
