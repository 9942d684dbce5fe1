"""Reads an image's archive, in the form of `docker save`: its settings, and the files that a container would see."""

import dataclasses
import hashlib
import json
import posixpath
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link of the image, as its last layer left it. `path` has no slash in front."""

    path: str
    member: tarfile.TarInfo
    layer: int

    @property
    def mode(self) -> int:
        """The permission bits, with setuid, setgid and sticky."""
        return self.member.mode & 0o7777


class ImageArchive:
    """An image's archive, opened for reading. A context manager."""

    def __init__(self, path: Path) -> None:
        self._archive = tarfile.open(path)  # noqa: SIM115 - closed by __exit__
        manifest = json.loads(self._content(self._archive, "manifest.json"))[0]
        config = self._content(self._archive, manifest["Config"])
        self.image_id = f"sha256:{hashlib.sha256(config).hexdigest()}"
        self.tags: list[str] = manifest["RepoTags"] or []
        self.config: dict[str, Any] = json.loads(config)
        self._layers = [
            tarfile.open(fileobj=self._archive.extractfile(name))  # noqa: SIM115 - closed by __exit__
            for name in manifest["Layers"]
        ]
        self.layer_sizes = [self._archive.getmember(self._resolved(name)).size for name in manifest["Layers"]]
        self.entries = self._merge()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        for layer in self._layers:
            layer.close()
        self._archive.close()

    def read(self, path: str) -> bytes:
        """Return a file's content, following links. Raises KeyError if it is not in the image."""
        entry = self.entries[self.real_path(path)]
        content = self._layers[entry.layer].extractfile(entry.member)
        if content is None:
            raise KeyError(f"{path} is no file")
        return content.read()

    def real_path(self, path: str) -> str:
        """Return where `path` leads when all links on the way are followed."""
        done = ""
        waiting = [part for part in path.split("/") if part]
        for _ in range(1000):
            if not waiting:
                return done
            candidate = posixpath.join(done, waiting.pop(0))
            entry = self.entries.get(candidate)
            if entry is not None and entry.member.issym():
                target = posixpath.normpath(posixpath.join("/", done, entry.member.linkname)).lstrip("/")
                waiting, done = [*target.split("/"), *waiting], ""
            else:
                done = candidate
        raise KeyError(f"the links of {path} go round in circles")

    def below(self, folder: str) -> Iterator[Entry]:
        """Iterate over what is in a folder, at any depth."""
        prefix = f"{folder.rstrip('/')}/"
        return (entry for path, entry in self.entries.items() if path.startswith(prefix))

    def extract(self, target: Path) -> None:
        """Write the image's files below `target`, with owners and modes: needs root."""
        target.chmod(0o755)  # the root folder, which a layer does not have
        for number, layer in enumerate(self._layers):
            kept = [member for path, member in _members(layer) if self._is_from(path, number)]
            layer.extractall(target, members=kept, numeric_owner=True, filter="fully_trusted")  # noqa: S202 - our own image

    def _is_from(self, path: str, layer: int) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.layer == layer

    def _merge(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for number, layer in enumerate(self._layers):
            members = list(_members(layer))
            for path, _ in members:
                folder, name = posixpath.split(path)
                if name == _OPAQUE:
                    _forget(entries, folder, itself=False)
                elif name.startswith(_WHITEOUT):
                    _forget(entries, posixpath.join(folder, name.removeprefix(_WHITEOUT)), itself=True)
            for path, member in members:
                if not posixpath.basename(path).startswith(_WHITEOUT):
                    entries[path] = Entry(path, member, number)
        return entries

    def _resolved(self, name: str) -> str:
        member = self._archive.getmember(name)
        if not member.issym():
            return name
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))

    @staticmethod
    def _content(archive: tarfile.TarFile, name: str) -> bytes:
        file = archive.extractfile(name)
        if file is None:
            raise KeyError(name)
        return file.read()


def _members(layer: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for member in layer:
        path = posixpath.normpath(member.name).lstrip("/")
        if path != ".":
            yield path, member


def _forget(entries: dict[str, Entry], path: str, *, itself: bool) -> None:
    prefix = f"{path}/"
    for known in [known for known in entries if known.startswith(prefix) or (itself and known == path)]:
        del entries[known]
