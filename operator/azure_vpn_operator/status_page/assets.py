"""The files of the page, which come with the package: read once, and served from memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
INDEX: Final = "index.html"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    body: bytes
    content_type: str


def load_assets() -> Mapping[str, Asset]:
    """The files by the path at which they are served; the page itself is at `/`."""
    found = {}
    for file in resources.files(__package__).joinpath("assets").iterdir():
        suffix = file.name[file.name.rfind(".") :]
        path = "/" if file.name == INDEX else f"/{file.name}"
        found[path] = Asset(file.read_bytes(), _TYPES[suffix])
    return found
