"""The bill of materials lists what is in the image: neither more nor less, by the word of the image's own programs."""

import json
import re
from typing import Any

from cyclonedx.model.bom import Bom
from packaging.utils import canonicalize_name

from workbench.image.archive import ImageArchive
from workbench.image.names import ROOT, image_name
from workbench.image.sbom import bill_of_materials

from .conftest import Unpacked

_INSTALLED = """
import importlib.metadata, json
print(json.dumps([[found.name, found.version] for found in importlib.metadata.distributions()]))
"""


def listed(bill: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in bill["components"] if entry["purl"].startswith(f"pkg:{kind}/")}


def test_it_is_that_of_the_image_and_always_the_same(image: ImageArchive, bill: dict[str, Any]) -> None:
    assert json.loads(bill_of_materials(image, image_name())) == bill
    assert bill["metadata"]["component"]["properties"] == [{"name": "azvpn:image-id", "value": image.image_id}]


def test_others_can_read_it(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    parsed = Bom.from_json(bill)  # type: ignore[attr-defined]

    assert len(parsed.components) == len(bill["components"])


def test_its_python_distributions_are_those_that_python_finds(unpacked: Unpacked, bill: dict[str, Any]) -> None:
    installed = {canonicalize_name(name): version for name, version in json.loads(unpacked.python(_INSTALLED).stdout)}

    assert "kopf" in installed
    assert {name: entry["version"] for name, entry in listed(bill, "pypi").items()} == installed


def test_each_was_installed_from_an_archive_that_the_lock_allows(bill: dict[str, Any]) -> None:
    lock = (ROOT / "hack" / "requirements" / "runtime.txt").read_text().replace("\\\n", " ")
    allowed = {
        canonicalize_name(line.split("==")[0]): set(re.findall(r"sha256:(\w+)", line)) for line in lock.splitlines()
    }

    distributions = listed(bill, "pypi")
    assert distributions.pop(image_name().name)["version"] == image_name().version
    for name, entry in distributions.items():
        assert [item["alg"] for item in entry["hashes"]] == ["SHA-256"]
        assert entry["hashes"][0]["content"] in allowed[name], name


def test_its_debian_packages_are_those_that_dpkg_knows(unpacked: Unpacked, bill: dict[str, Any]) -> None:
    known = unpacked.run(
        "/usr/bin/dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Package} ${Version}\\n"
    )
    packages = dict(line.split()[1:] for line in known.stdout.splitlines() if line.startswith("ii"))

    assert "libc6" in packages, known.stderr
    assert {name: entry["version"] for name, entry in listed(bill, "deb").items()} == packages


def test_python_itself_is_in_it_once(bill: dict[str, Any]) -> None:
    from_debian = [name for name in listed(bill, "deb") if re.fullmatch(r"python3\.\d+-minimal", name)]

    assert len(from_debian) + len(listed(bill, "generic")) == 1


def test_what_wheels_bundle_is_listed_below_them(bill: dict[str, Any]) -> None:
    bundled = {entry["name"] for entry in listed(bill, "pypi")["cryptography"]["components"]}

    assert {"openssl", "pyo3"} <= bundled


def test_each_says_what_it_is_in_a_way_that_scanners_look_up(bill: dict[str, Any]) -> None:
    for entry in bill["components"]:
        assert entry["version"]
        assert f"@{entry['version'].split('+')[0]}" in entry["purl"].replace("%3A", ":").replace("%2B", "+"), entry[
            "purl"
        ]
