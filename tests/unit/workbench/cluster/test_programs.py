import os
import re
from pathlib import Path

import pytest

from workbench.cluster.programs import CONTAINERD, PAUSE, RUNC, check_system
from workbench.toolchain.building import PinnedTools
from workbench.toolchain.go import ToolchainError


def test_another_system_is_sent_to_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(ToolchainError, match=r"hack/kind/README\.md"):
        check_system({}, platform="darwin")


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(ToolchainError, match="needs Linux and root"):
        check_system({}, platform="linux")


def test_missing_packages_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(ToolchainError) as refused:
        check_system({"PATH": str(tmp_path)}, cni=tmp_path, platform="linux")
    assert "apt-get install containernetworking-plugins gcc libc6-dev iproute2" in str(refused.value)


@pytest.mark.parametrize("tools", [CONTAINERD, RUNC, PAUSE], ids=lambda tools: tools.cache)
def test_each_program_comes_from_its_pinned_module(tools: PinnedTools) -> None:
    text = (tools.module / "go.mod").read_text()
    named = set(re.findall(r"^(?:module|tool|\t)\s*(\S+)$", text, re.MULTILINE))

    assert set(tools.packages.values()) <= named
    assert (tools.module / "go.sum").exists()
