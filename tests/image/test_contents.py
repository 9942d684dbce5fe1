"""What is in the image, and what is not."""

import posixpath
import re
import stat
from collections.abc import Iterator

from workbench.image.archive import Entry, ImageArchive
from workbench.image.names import image_name

VENV = "opt/azure-vpn-operator"
BUILD_TOOLS = re.compile(
    r"(.*-)?(gcc|g\+\+|c\+\+|cc|cpp|c89|c99|clang|tcc|ld|as|make|go|rustc|cargo|pip3?|pip3?\.\d+|easy_install|wheel)(-\d+)?"
)


def files(image: ImageArchive) -> Iterator[Entry]:
    return (entry for entry in image.entries.values() if entry.member.isfile() or entry.member.islnk())


def test_it_says_what_it_is_and_starts_as_a_numeric_user(image: ImageArchive) -> None:
    settings = image.config["config"]

    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["/opt/azure-vpn-operator/bin/azure-vpn-operator"]
    assert settings["Cmd"] == ["run"]
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in settings["Labels"].items()}
    assert labels["title"] == image_name().name
    assert labels["version"] == image_name().version
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|", labels["revision"])
    assert labels["licenses"] == "Apache-2.0"
    assert labels["base.name"]
    assert any(re.fullmatch(rf"(.*/)?{re.escape(str(image_name()))}", tag) for tag in image.tags)


def test_nothing_in_it_builds_or_installs_programs(image: ImageArchive) -> None:
    programs = [
        entry.path for entry in image.entries.values() if posixpath.basename(posixpath.dirname(entry.path)) == "bin"
    ]
    assert len(programs) > 50
    assert [path for path in programs if BUILD_TOOLS.fullmatch(posixpath.basename(path))] == []

    packages = {posixpath.basename(path) for path in image.entries if re.search(r"/(site|dist)-packages/[^/]+$", path)}
    assert "aiohttp" in packages
    assert packages.isdisjoint({"pip", "setuptools", "wheel", "pytest", "mypy"})
    assert [path for path in image.entries if "ensurepip" in path or path.endswith(".whl")] == []


def test_only_the_folders_for_everybody_are_writable_by_everybody(image: ImageArchive) -> None:
    writable = [
        entry
        for entry in image.entries.values()
        if entry.mode & stat.S_IWOTH and not entry.member.issym() and not entry.member.isdev()
    ]

    assert {entry.path for entry in writable} <= {"tmp", "var/tmp", "run/lock"}
    assert all(entry.member.isdir() and entry.mode & stat.S_ISVTX for entry in writable)


def test_the_operator_and_all_it_needs_belongs_to_root_and_only_root_may_change_it(image: ImageArchive) -> None:
    installed = [entry for entry in image.below("opt") if not entry.member.issym()]

    assert len(installed) > 1000
    assert [entry.path for entry in installed if (entry.member.uid, entry.member.gid) != (0, 0)] == []
    assert [entry.path for entry in installed if entry.mode & (stat.S_IWGRP | stat.S_IWOTH)] == []


def test_no_program_gives_rights_to_who_starts_it(image: ImageArchive) -> None:
    assert [entry.path for entry in files(image) if entry.mode & (stat.S_ISUID | stat.S_ISGID)] == []


def test_all_python_code_is_compiled_and_the_operators_is_never_compared_with_its_source(image: ImageArchive) -> None:
    interpreted = [path for path in image.entries if path.startswith(f"{VENV}/lib/") and path.endswith(".py")]
    assert f"{VENV}/lib/python3.11/site-packages/azure_vpn_operator/app/cli.py" in interpreted

    for path in interpreted:
        folder, name = posixpath.split(path)
        cached = image.entries.get(f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-311.pyc")
        assert cached is not None, path
    some = [path for path in image.entries if "/azure_vpn_operator/" in path and path.endswith(".pyc")]
    # Bytes 4 to 8 of the header: 1 is by hash, and 2 would be with a look at the source (PEP 552).
    assert {image.read(path)[4:8] for path in some} == {b"\x01\0\0\0"}


def test_nothing_of_the_build_is_left(image: ImageArchive) -> None:
    leftovers = re.compile(
        r"(src|wheels|finish|mnt/.*|run/secrets/.*|root/\.cache.*|tmp/.+|var/lib/apt/lists/.*_.*|.*\.deb)"
    )

    assert [path for path in image.entries if leftovers.fullmatch(path) and image.entries[path].member.isfile()] == []


def test_it_does_not_grow_unseen(image: ImageArchive) -> None:
    operator = sum(entry.member.size for entry in image.below("opt"))

    assert operator < 250e6
    assert sum(image.layer_sizes) < 450e6
