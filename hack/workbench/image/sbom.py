"""The image's bill of materials, in CycloneDX: what is in the image by its own records, and nothing from anywhere else.

Python distributions come from their metadata, with the hash of the archive that pip installed; what wheels bundle (OpenSSL,
Rust crates) from the bills that they carry themselves (PEP 770); Debian packages from dpkg's records, which have no hashes
of packages. Python itself is a Debian package, or, where it is not, a component of its own.
"""

import json
import posixpath
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import message_from_bytes
from email.message import Message

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from workbench.image.archive import ImageArchive
from workbench.image.names import ImageName

VENV = "opt/azure-vpn-operator"
_NAMESPACE = uuid.UUID("5c3df4ab-1a55-4b4c-9a3e-6a0a6d6f7c53")
_licenses = LicenseFactory()


def bill_of_materials(archive: ImageArchive, image: ImageName) -> str:
    """Return the bill as JSON (CycloneDX 1.6). The same image always has the same bill."""
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, archive.image_id))
    bom.metadata.timestamp = datetime.fromisoformat(archive.config["created"])
    bom.metadata.component = root = Component(
        name=image.name,
        version=image.version,
        type=ComponentType.CONTAINER,
        bom_ref="image",
        properties=[Property(name="azvpn:image-id", value=archive.image_id)],
    )
    components = [*_python(archive), *_distributions(archive), *_debian_packages(archive)]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(root, components)
    return f"{make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)}\n"


def _distributions(archive: ImageArchive) -> Iterator[Component]:
    installed = {
        (canonicalize_name(entry["name"]), entry["version"]): entry
        for entry in json.loads(archive.read(f"{VENV}/archives.json"))
    }
    for entry in list(archive.below(VENV)):
        if entry.path.endswith(".dist-info/METADATA"):
            folder = posixpath.dirname(entry.path)
            metadata = message_from_bytes(archive.read(entry.path))
            source = installed.get((canonicalize_name(metadata["Name"]), metadata["Version"]))
            yield _distribution(archive, folder, metadata, source)


def _distribution(archive: ImageArchive, folder: str, metadata: Message, source: Mapping[str, str] | None) -> Component:
    name, version = canonicalize_name(metadata["Name"]), metadata["Version"]
    purl = PackageURL("pypi", None, name, version)
    properties = [Property(name="azvpn:path", value=f"/{folder}")]
    if source is not None:
        properties.append(Property(name="azvpn:archive", value=source["file"]))
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        description=metadata["Summary"],
        licenses=_license(metadata),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=source["sha256"])] if source is not None else [],
        properties=properties,
        components=list(_bundled(archive, folder, purl)),
    )


def _license(metadata: Message) -> list[License]:
    text = metadata["License-Expression"] or metadata["License"]
    # Before there was an expression, some put the whole text of the licence there.
    if not text or "\n" in text or len(text) > 100:
        return []
    return [_licenses.make_from_string(text, license_acknowledgement=LicenseAcknowledgement.DECLARED)]


def _bundled(archive: ImageArchive, folder: str, owner: PackageURL) -> Iterator[Component]:
    seen = set()
    for entry in archive.below(f"{folder}/sboms"):
        if not entry.member.isfile():
            continue
        for inner in json.loads(archive.read(entry.path)).get("components", []):
            if (inner["name"], inner.get("version")) in seen or "purl" not in inner:
                continue
            seen.add((inner["name"], inner.get("version")))
            yield Component(
                name=inner["name"],
                version=inner.get("version"),
                type=ComponentType.LIBRARY,
                bom_ref=f"{owner.to_string()}#{inner['name']}@{inner.get('version')}",
                purl=PackageURL.from_string(inner["purl"]),
            )


def _debian_packages(archive: ImageArchive) -> Iterator[Component]:
    release = dict(_release(archive))
    distro = f"{release['ID']}-{release['VERSION_ID']}"
    for record in _dpkg_records(archive):
        if record.get("Status", "install ok installed") != "install ok installed":
            continue
        purl = PackageURL(
            "deb",
            release["ID"],
            record["Package"],
            record["Version"],
            {"arch": record["Architecture"], "distro": distro},
        )
        yield Component(
            name=record["Package"],
            version=record["Version"],
            type=ComponentType.LIBRARY,
            bom_ref=purl.to_string(),
            purl=purl,
        )


def _dpkg_records(archive: ImageArchive) -> Iterator[Message]:
    # Images without a package manager have one file for each package.
    single = [entry.path for entry in archive.below("var/lib/dpkg/status.d") if not entry.path.endswith(".md5sums")]
    paths = ["var/lib/dpkg/status"] if "var/lib/dpkg/status" in archive.entries else single
    for path in paths:
        for paragraph in archive.read(path).split(b"\n\n"):
            if paragraph.strip():
                yield message_from_bytes(paragraph.lstrip())


def _python(archive: ImageArchive) -> Iterator[Component]:
    settings = dict(_assignments(archive.read(f"{VENV}/pyvenv.cfg").decode(), " = "))
    interpreter = archive.real_path(posixpath.join(settings["home"].lstrip("/"), "python3"))
    owned = any(
        f"/{interpreter}" in archive.read(entry.path).decode().splitlines()
        for entry in archive.below("var/lib/dpkg/info")
        if posixpath.basename(entry.path).startswith("python3") and entry.path.endswith(".list")
    )
    if not owned:
        purl = PackageURL("generic", None, "python", settings["version"])
        yield Component(
            name="python",
            version=settings["version"],
            type=ComponentType.PLATFORM,
            bom_ref=purl.to_string(),
            purl=purl,
            properties=[Property(name="azvpn:path", value=f"/{interpreter}")],
        )


def _release(archive: ImageArchive) -> Iterator[tuple[str, str]]:
    return ((name, value.strip('"')) for name, value in _assignments(archive.read("etc/os-release").decode(), "="))


def _assignments(text: str, sign: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, found, value = line.partition(sign)
        if found:
            yield name, value
