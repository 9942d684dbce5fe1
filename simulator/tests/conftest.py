"""One small installation, with everything a test may want to be refused by."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from azure_vpn_simulator.certificates import Certificates
from azure_vpn_simulator.testing import ArmDriver

settings.register_profile("whole", deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The default: all examples. No clock decides, since a busy machine says nothing about the code."""
settings.register_profile("quick", settings.get_profile("whole"), max_examples=20)
"""What `make check` plays of each property."""

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
DOCUMENT: dict[str, Any] = {
    "tenantId": "11111111-1111-4111-8111-111111111111",
    "principals": [
        {
            "name": "engineer",
            "clientId": "33333333-3333-4333-8333-333333333333",
            "objectId": "44444444-4444-4444-8444-444444444444",
            "clientSecret": "secret-1",
            "federatedSubjects": ["system:serviceaccount:ops:operator"],
            "managedIdentityHeader": "header-1",
        }
    ],
    "subscriptions": [
        {
            "id": SUBSCRIPTION,
            "resourceGroups": [
                {
                    "name": "Net",
                    "location": "East US",
                    "virtualNetworkGateways": [
                        {"name": "GwA", "bgp": {"asn": 65010}},
                        {"name": "GwB", "bgp": {"asn": 65020}},
                        {"name": "GwActive", "activeActive": True},
                        {"name": "GwBasic", "sku": "Basic"},
                        {"name": "GwPolicy", "sku": "Basic", "vpnType": "PolicyBased"},
                        {"name": "GwOld", "sku": "HighPerformance"},
                    ],
                    "localNetworkGateways": [
                        {
                            "name": "Site",
                            "gatewayIpAddress": "203.0.113.1",
                            "bgp": {"asn": 65100, "peeringAddress": "10.9.0.1"},
                            "device": {"key": "k1"},
                        },
                        {"name": "Silent", "gatewayIpAddress": "203.0.113.2"},
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT)


@pytest.fixture
def make_arm() -> Callable[..., ArmDriver]:
    """Start an Azure with some top-level keys of the topology replaced."""

    def make(**changes: object) -> ArmDriver:
        document = {**copy.deepcopy(DOCUMENT), **changes}
        return ArmDriver(document, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Net")

    return make


@pytest.fixture
def arm(make_arm: Callable[..., ArmDriver]) -> ArmDriver:
    return make_arm()


@pytest.fixture
def device(arm: ArmDriver) -> Callable[..., None]:
    """Change the device behind the local network gateway Site."""

    def change(**changes: object) -> None:
        gateway = {"name": "Site", "device": changes}
        group = {"name": "Net", "localNetworkGateways": [gateway]}
        arm.change(subscriptions=[{"id": SUBSCRIPTION, "resourceGroups": [group]}])

    return change


@pytest.fixture
def policy() -> dict[str, Any]:
    """A complete custom policy."""
    return {
        "saLifeTimeSeconds": 30000,
        "saDataSizeKilobytes": 102400000,
        "ipsecEncryption": "AES256",
        "ipsecIntegrity": "SHA256",
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA384",
        "dhGroup": "DHGroup24",
        "pfsGroup": "None",
    }


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates in it, so that not every test makes new ones."""
    folder = tmp_path_factory.mktemp("state")
    Certificates(folder, ["localhost", "127.0.0.1", "::1"]).token_key()
    return folder
