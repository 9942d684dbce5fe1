import re
from pathlib import Path

import pytest
import yaml

from workbench.kind.programs import KIND, MODULE, check_system
from workbench.toolchain.building import go_directive
from workbench.toolchain.go import ToolchainError


def test_missing_packages_are_named_at_once_and_once(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as refused:
        check_system({"PATH": str(tmp_path)})

    assert "apt-get install --no-install-recommends debootstrap docker.io iptables runc" in str(refused.value)


def test_kind_comes_from_its_pinned_module() -> None:
    text = (MODULE / "go.mod").read_text()

    assert set(KIND.packages.values()) == set(re.findall(r"^tool (\S+)$", text, re.MULTILINE))
    assert re.search(r"sigs\.k8s\.io/kind v\d", text)
    assert go_directive(MODULE)
    assert (MODULE / "go.sum").exists()


def test_a_node_of_our_own_asks_for_nothing_that_is_not_in_its_image() -> None:
    """Its one network is a file of the image; there is no image of kindnet or CoreDNS."""
    config = yaml.safe_load((MODULE / "own-node.yaml").read_text())
    patches = {patch["kind"]: patch for patch in map(yaml.safe_load, config["kubeadmConfigPatches"])}

    assert config["networking"]["disableDefaultCNI"] is True
    assert "addon/coredns" in patches["InitConfiguration"]["skipPhases"]
    assert [node["role"] for node in config["nodes"]] == ["control-plane"]
