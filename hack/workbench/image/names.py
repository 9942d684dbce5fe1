"""What the image is called. pyproject.toml decides; the Dockerfile and the manifests are held to it by a test."""

import dataclasses
import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import override

ROOT = Path(__file__).resolve().parents[3]


@dataclasses.dataclass(frozen=True, slots=True)
class ImageName:
    """Name and version, as in `azure-vpn-operator:0.1.0`."""

    name: str
    version: str

    @override
    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def archive(self) -> str:
        """The file that `make image` writes, in the form of `docker save`."""
        return f"{self.name}-{self.version}.tar"

    @property
    def bill_of_materials(self) -> str:
        """The file with the SBOM."""
        return f"{self.name}-{self.version}.cdx.json"

    @property
    def inputs(self) -> str:
        """The file with the digest of what the image was built from (`inputs_digest`)."""
        return f"{self.name}-{self.version}.inputs"


def image_name(root: Path = ROOT) -> ImageName:
    """Return the name that belongs to this checkout."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return ImageName(project["name"], project["version"])


def inputs_digest(root: Path = ROOT) -> str:
    """Return a digest of all files that an image is built from: the same files, the same digest, whatever the commit."""
    digest = hashlib.sha256()
    for path in sorted(_inputs(root)):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_mode & 0o111}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    yield root / "Dockerfile"
    for line in (root / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            path = root / line.removeprefix("!")
            files = path.rglob("*") if path.is_dir() else [path]
            yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)
