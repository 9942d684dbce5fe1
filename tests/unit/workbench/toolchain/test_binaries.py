import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workbench.toolchain.__main__ import main
from workbench.toolchain.binaries import CONTROL_PLANE, MODULE, PACKAGES, find_binaries
from workbench.toolchain.building import PinnedTools, find_tools
from workbench.toolchain.go import GoToolchain, ToolchainError
from workbench.toolchain.tools import MODULES

FAKE_GO = """#!/bin/sh
# Plays `go env` and `go build`: the binary it makes is a text that names the build.
if [ "$1" = env ]; then
  echo '{"GOVERSION": "'"$FAKE_GO_VERSION"'", "GOOS": "linux", "GOARCH": "amd64"}'
  exit 0
fi
echo "$*" >> "$FAKE_GO_CALLS"
echo "some/package/one" >&2
echo "some/package/two" >&2
while [ "$1" != -o ]; do shift; done
echo "half a binary" > "$2"
if [ -n "$FAKE_GO_SLEEP" ]; then sleep "$FAKE_GO_SLEEP"; fi
if [ -n "$FAKE_GO_FAILS" ]; then
  echo "main.go:1:1: undefined: everything" >&2
  exit 2
fi
chmod +x "$2"
"""


class Workplace:
    """A machine of its own for the toolchain: a fake Go on PATH, an empty cache, a module."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = root / "calls"
        self.cache = root / "cache"
        self.module = root / "module"
        self.module.mkdir()
        (self.module / "go.mod").write_text(
            "module m\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n"
        )
        (self.module / "go.sum").write_text("sums\n")
        (root / "bin").mkdir()
        go = root / "bin" / "go"
        go.write_text(FAKE_GO)
        go.chmod(0o755)
        self.environ = {
            "PATH": f"{root / 'bin'}:/usr/bin:/bin",
            "XDG_CACHE_HOME": str(self.cache),
            "FAKE_GO_VERSION": "go1.26.8",
            "FAKE_GO_CALLS": str(self.calls),
        }

    def find(self, *names: str) -> dict[str, Path]:
        return find_binaries(names or CONTROL_PLANE, environ=self.environ, module=self.module)

    @property
    def builds(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_missing_binaries_are_built_in_the_cache_folder(workplace: Workplace) -> None:
    found = workplace.find()

    assert set(found) == {"etcd", "kube-apiserver"}
    for path in found.values():
        assert path.read_text() == "half a binary\n"
        assert workplace.cache / "azure-vpn-operator" / "kubernetes" in path.parents


def test_cached_binary_is_not_built_again(workplace: Workplace) -> None:
    first = workplace.find()
    second = workplace.find()

    assert first == second
    assert len(workplace.builds) == 2


def test_binary_that_nobody_asked_for_is_not_built(workplace: Workplace) -> None:
    workplace.find("etcd")

    assert [line.split()[-1] for line in workplace.builds] == [PACKAGES["etcd"]]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda w: (w.module / "go.sum").write_text("other sums\n"), id="another dependency"),
        pytest.param(
            lambda w: (w.module / "go.mod").write_text((w.module / "go.mod").read_text().replace("1.37.2", "1.37.3")),
            id="another Kubernetes",
        ),
        pytest.param(lambda w: w.environ.update(FAKE_GO_VERSION="go1.26.9"), id="another Go"),
    ],
)
def test_what_decides_the_contents_decides_the_folder(
    workplace: Workplace, change: Callable[[Workplace], object]
) -> None:
    before = workplace.find()
    change(workplace)
    after = workplace.find()

    assert before["etcd"].parent != after["etcd"].parent
    assert before["etcd"].exists()


def test_kubernetes_binaries_are_told_their_version(workplace: Workplace) -> None:
    workplace.find()

    etcd, api_server = workplace.builds
    assert "-X k8s.io/component-base/version.gitVersion=v1.37.2" in api_server
    assert "-X k8s.io/component-base/version.gitMinor=37" in api_server
    assert "gitVersion" not in etcd


def test_build_uses_exactly_the_pinned_modules(workplace: Workplace) -> None:
    workplace.find("etcd")

    assert "-mod=readonly" in workplace.builds[0].split()
    assert "-trimpath" in workplace.builds[0].split()


def test_failed_build_leaves_no_binary_and_is_tried_again(workplace: Workplace) -> None:
    workplace.environ["FAKE_GO_FAILS"] = "yes"
    with pytest.raises(ToolchainError) as failed:
        workplace.find("etcd")

    assert "Building etcd failed" in str(failed.value)
    assert "main.go:1:1: undefined: everything" in str(failed.value)
    assert "some/package/one" not in str(failed.value)
    assert [path.name for path in workplace.cache.rglob("*etcd*")] == ["etcd.log"]

    del workplace.environ["FAKE_GO_FAILS"]
    assert workplace.find("etcd")["etcd"].exists()


def test_interrupted_build_leaves_nothing_that_counts_as_built(workplace: Workplace) -> None:
    folder = workplace.find("etcd")["etcd"].parent
    (folder / "etcd").rename(folder / ".etcd.unfinished")

    found = workplace.find("etcd")

    assert len(workplace.builds) == 2
    assert found["etcd"].exists()
    assert not (folder / ".etcd.unfinished").exists()


@pytest.mark.slow
def test_two_processes_build_once(workplace: Workplace) -> None:
    workplace.environ["FAKE_GO_SLEEP"] = "0.5"
    script = (
        "import sys; from pathlib import Path; from workbench.toolchain.binaries import find_binaries\n"
        "print(find_binaries(['etcd'], module=Path(sys.argv[1]))['etcd'].read_text())"
    )
    env = {**workplace.environ, "PYTHONPATH": str(MODULE.parent)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, workplace.module], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=30) for process in both]

    assert [out for out, _ in outputs] == [b"half a binary\n\n"] * 2
    assert len(workplace.builds) == 1


def test_who_waits_for_another_builder_is_told_so(workplace: Workplace, capfd: pytest.CaptureFixture[str]) -> None:
    folder = workplace.find("etcd")["etcd"].parent
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.3, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
        workplace.find("kube-apiserver")

    assert "Waiting for another process that builds" in capfd.readouterr().err


def test_progress_says_what_is_built_and_how_it_ended(workplace: Workplace, capfd: pytest.CaptureFixture[str]) -> None:
    workplace.find("etcd")

    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("Building etcd with go1.26.8")
    assert str(workplace.cache) in lines[0]
    assert "done after" in lines[-1]


def test_where_there_is_no_go_one_is_obtained_and_builds(workplace: Workplace) -> None:
    go = GoToolchain(workplace.root / "bin" / "go", "go1.27.3", "linux", "amd64")
    asked: list[str] = []

    def obtain(_: Mapping[str, str], minimum: str) -> GoToolchain:
        asked.append(minimum)
        return go

    found = find_binaries(["etcd"], environ=workplace.environ, module=workplace.module, obtain=obtain)

    assert asked == ["1.26.0"]
    assert found["etcd"].exists()


class TestAssetsFolder:
    def test_wins_over_building(self, workplace: Workplace) -> None:
        assets = workplace.root / "assets"
        assets.mkdir()
        for name in CONTROL_PLANE:
            (assets / name).touch(mode=0o755)
        workplace.environ["KUBEBUILDER_ASSETS"] = str(assets)

        assert workplace.find() == {"etcd": assets / "etcd", "kube-apiserver": assets / "kube-apiserver"}
        assert workplace.builds == []

    def test_names_what_it_lacks_and_builds_nothing(self, workplace: Workplace) -> None:
        assets = workplace.root / "assets"
        assets.mkdir()
        (assets / "etcd").touch(mode=0o755)
        (assets / "kube-apiserver").touch(mode=0o644)
        workplace.environ["KUBEBUILDER_ASSETS"] = str(assets)

        with pytest.raises(ToolchainError, match=f"{assets}, and that folder has no executable kube-apiserver"):
            workplace.find()
        assert workplace.builds == []


class TestOtherModules:
    @pytest.fixture
    def tools(self, workplace: Workplace) -> PinnedTools:
        folder = workplace.root / "other"
        folder.mkdir()
        (folder / "go.mod").write_text("module o\n\ngo 1.26.0\n")
        (folder / "go.sum").write_text("other sums\n")
        return PinnedTools(folder, {"helm": "example.com/helm/cmd/helm"}, "other")

    def test_are_built_into_a_folder_of_their_own(self, workplace: Workplace, tools: PinnedTools) -> None:
        found = find_tools(tools, ["helm"], environ=workplace.environ)

        assert found["helm"].parent.parent == workplace.cache / "azure-vpn-operator" / "other"
        (build,) = workplace.builds
        assert build.split()[-1] == "example.com/helm/cmd/helm"
        assert "gitVersion" not in build

    def test_are_kept_when_kubernetes_changes_and_the_other_way_round(
        self, workplace: Workplace, tools: PinnedTools
    ) -> None:
        helm, etcd = find_tools(tools, ["helm"], environ=workplace.environ)["helm"], workplace.find("etcd")["etcd"]

        (workplace.module / "go.sum").write_text("newer sums\n")
        assert find_tools(tools, ["helm"], environ=workplace.environ)["helm"] == helm
        (tools.module / "go.sum").write_text("newer sums\n")
        (workplace.module / "go.sum").write_text("sums\n")
        assert workplace.find("etcd")["etcd"] == etcd
        assert len(workplace.builds) == 2

    def test_have_nothing_to_do_with_the_assets_of_envtest(self, workplace: Workplace, tools: PinnedTools) -> None:
        workplace.environ["KUBEBUILDER_ASSETS"] = str(workplace.root)

        assert find_tools(tools, ["helm"], environ=workplace.environ)["helm"].exists()


@pytest.mark.usefixtures("empty_assets")
class TestCommandLine:
    @pytest.fixture
    def empty_assets(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        monkeypatch.delenv("CI", raising=False)

    def test_prints_the_folder(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "etcd").touch(mode=0o755)

        assert main(["etcd"]) == 0
        assert capsys.readouterr().out == f"{tmp_path}\n"

    def test_fails_with_the_reason(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([]) == 1
        assert "has no executable etcd" in capsys.readouterr().err

    def test_optional_only_says_the_reason(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--optional"]) == 0
        assert "has no executable etcd" in capsys.readouterr().err

    def test_nothing_is_optional_in_ci(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")

        assert main(["--optional"]) == 1

    def test_refuses_an_unknown_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["minikube"])
        assert "minikube" in capsys.readouterr().err


def test_the_modules_pin_one_kubernetes_release() -> None:
    text = (MODULE / "go.mod").read_text()
    release = next(line.split()[1] for line in text.splitlines() if line.strip().startswith("k8s.io/kubernetes v"))
    staging = {line.split()[-1] for line in text.splitlines() if " => " in line}

    assert staging == {release.replace("v1.", "v0.", 1)}


@pytest.mark.parametrize(
    ("module", "packages"),
    [
        (MODULE, PACKAGES),
        *((tools.module, tools.packages) for tools in MODULES if "." not in tools.packages.values()),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_every_tool_of_a_module_can_be_built(module: Path, packages: Mapping[str, str]) -> None:
    text = (module / "go.mod").read_text()
    block = re.search(r"^tool \((.*?)^\)|^tool (\S+)$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    tools = (block[1] or block[2]).split()

    assert sorted(tools) == sorted(packages.values())
    assert os.access(module / "go.sum", os.R_OK)


@pytest.fixture
def own_tool(workplace: Workplace) -> PinnedTools:
    """A tool that is written here."""
    source = workplace.root / "kstatus"
    source.mkdir()
    (source / "go.mod").write_text("module kstatus\n\ngo 1.26.0\n")
    (source / "go.sum").write_text("sums\n")
    (source / "main.go").write_text("package main\n")
    return PinnedTools(source, {"kstatus": "."}, "kstatus")


@pytest.mark.parametrize(
    ("change", "builds"),
    [
        pytest.param(lambda _: None, 1, id="nothing: the tool is kept"),
        pytest.param(lambda source: (source / "main.go").write_text("package main // new\n"), 2, id="its source"),
        pytest.param(lambda source: (source / "go.sum").write_text("other\n"), 2, id="a dependency"),
    ],
)
def test_tool_is_built_anew_when_something_of_it_has_changed(
    workplace: Workplace, own_tool: PinnedTools, change: Callable[[Path], object], builds: int
) -> None:
    first = find_tools(own_tool, ["kstatus"], environ=workplace.environ)["kstatus"]
    change(own_tool.module)
    second = find_tools(own_tool, ["kstatus"], environ=workplace.environ)["kstatus"]

    assert len(workplace.builds) == builds
    assert (first == second) == (builds == 1)
    assert os.access(second, os.X_OK)
