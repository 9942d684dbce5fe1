"""The manifest keeps what krew asks of one, and the lock of the archives is the project's."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from workbench.plugin.contents import COMPILED, LOCK, PROJECT, ROOT, closure, locked_names
from workbench.plugin.manifest import FILE, NAME, PLACEHOLDER, Packed, manifest_of, render
from workbench.plugin.platforms import PLATFORMS

SUPPORTED = {(system, arch) for system in ("linux", "darwin", "windows") for arch in ("amd64", "arm64", "386", "arm")}
SUM = "0123456789abcdef" * 4


def problems_of(document: Mapping[str, Any], file: str) -> list[str]:
    """What krew, and the checks of its index, would say against a manifest."""
    spec, found = document["spec"], []
    name = document["metadata"]["name"]
    if document["apiVersion"] != "krew.googlecontainertools.github.com/v1alpha2" or document["kind"] != "Plugin":
        found.append("another kind of document")
    if not re.fullmatch(r"[\w-]+", name) or file != f"{name}.yaml":
        found.append("the name, or the file's")
    if not re.fullmatch(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?", spec["version"]):
        found.append("the version")
    short = spec["shortDescription"]
    if not short or "\n" in short or len(short) > 70:
        found.append("the short description")
    if any(len(line) > 80 for text in (spec["description"], spec["caveats"]) for line in text.splitlines()):
        found.append("a line is too long")
    selected = Counter(tuple(sorted(each["selector"]["matchLabels"].items())) for each in spec["platforms"])
    if not selected or max(selected.values()) > 1:
        found.append("no platform, or one twice")
    for each in spec["platforms"]:
        labels = each["selector"]["matchLabels"]
        if set(labels) != {"os", "arch"} or (labels["os"], labels["arch"]) not in SUPPORTED:
            found.append(f"the selector {labels}")
        if not re.fullmatch(r"[a-f0-9]{64}", each["sha256"]):
            found.append("the sum")
        if not each["uri"].startswith("https://") or not each["bin"]:
            found.append("where it is, or what is run")
        if not each["files"] or not all(item["from"] and item["to"] for item in each["files"]):
            found.append("the files")
    return found


def packed() -> list[Packed]:
    return [Packed(platform, platform.archive("1.2.3"), SUM) for platform in PLATFORMS]


@pytest.mark.parametrize("version", ["1.2.3", "1.2.3-rc.1"])
def test_krew_takes_the_manifest(version: str):
    text = render(manifest_of(version, packed(), "https://releases.test/azvpn"))

    assert problems_of(yaml.safe_load(text), FILE) == []
    assert FILE.removesuffix(".yaml") == NAME


def test_without_an_address_the_archives_are_nowhere_and_that_is_plain():
    manifest = manifest_of("1.2.3", packed())

    assert PLACEHOLDER.partition("//")[2].split("/")[0].endswith(".example.com"), "a name that never leads anywhere"
    assert all(each["uri"].startswith(f"{PLACEHOLDER}/v1.2.3/") for each in manifest["spec"]["platforms"])


def test_the_lock_has_what_the_tool_needs_and_nothing_else():
    assert locked_names() == sorted(found.metadata["Name"].lower().replace("_", "-") for found in closure(PROJECT)), (
        "make lock"
    )
    assert set(COMPILED) <= set(locked_names())


def test_the_tool_is_packed_with_the_libraries_that_the_image_has():
    image = (ROOT / "hack" / "requirements" / "runtime.txt").read_text(encoding="utf-8")

    assert set(LOCK.read_text(encoding="utf-8").splitlines()) <= set(image.splitlines())
