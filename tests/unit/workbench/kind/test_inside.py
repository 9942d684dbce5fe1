import json

import pytest

from workbench.kind.inside import environment, fits_in_memory, gateway
from workbench.steps import StepError


def test_engine_and_kind_see_no_other_engine_and_no_proxy() -> None:
    outside = {
        "PATH": "/usr/bin",
        "LANG": "C.UTF-8",
        "HOME": "/root",
        "DOCKER_HOST": "tcp://there",
        "HTTPS_PROXY": "http://proxy",
    }

    assert environment(outside) == {"PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": "/run"}


def test_pods_reach_this_machine_by_the_ipv4_gateway_of_their_network() -> None:
    assert gateway(_network([{"Subnet": "fc00::/64", "Gateway": "fc00::1"}, {"Gateway": "172.18.0.1"}])) == "172.18.0.1"
    assert gateway(_network([{"Gateway": "172.18.0.1"}, {"Subnet": "fc00::/64"}])) == "172.18.0.1"
    with pytest.raises(StepError, match="no IPv4 gateway"):
        gateway(_network([{"Subnet": "fc00::/64"}]))


@pytest.mark.parametrize(
    ("kib", "fits"),
    [pytest.param(12 << 20, True, id="three times what is needed"), pytest.param(8 << 20, False, id="twice")],
)
def test_files_are_kept_in_memory_where_there_is_plenty(kib: int, fits: bool) -> None:
    assert fits_in_memory(f"MemTotal:       32000000 kB\nMemAvailable:   {kib} kB\n") is fits


def _network(configuration: list[dict[str, str]]) -> str:
    return json.dumps([{"Name": "kind", "IPAM": {"Config": configuration}}])
