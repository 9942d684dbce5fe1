import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from workbench.image.archive import ImageArchive

Layer = Mapping[str, str | None]
"""Path -> content; None is a folder, `-> target` a link."""


def layer(files: Layer) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif content.startswith("-> "):
                member.type, member.linkname = tarfile.SYMTYPE, content.removeprefix("-> ")
            data = content.encode() if member.isfile() and content else b""
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> ImageArchive:
    layers: Sequence[Layer] = request.param
    path = tmp_path / "image.tar"
    named = {f"layer{number}.tar": layer(files) for number, files in enumerate(layers)}
    manifest = [{"Config": "config.json", "RepoTags": ["a:1"], "Layers": list(named)}]
    contents = {"manifest.json": json.dumps(manifest).encode(), "config.json": b'{"config": {}}', **named}
    with tarfile.open(path, "w") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return ImageArchive(path)


@pytest.mark.parametrize(
    ("archive", "seen"),
    [
        pytest.param([{"a": "1"}, {"a": "2", "b": "3"}], {"a": "2", "b": "3"}, id="a later layer wins"),
        pytest.param([{"d": None, "d/a": "1", "b": "2"}, {"d/.wh.a": ""}], {"b": "2"}, id="a file is removed"),
        pytest.param(
            [{"d": None, "d/a": "1", "e": "2"}, {".wh.d": ""}], {"e": "2"}, id="a folder is removed with all in it"
        ),
        pytest.param([{"a1": "1", "a": "2"}, {".wh.a": ""}], {"a1": "1"}, id="a longer name stays"),
        pytest.param(
            [{"d": None, "d/a": "1"}, {"d": None, "d/.wh..wh..opq": "", "d/b": "2"}],
            {"d/b": "2"},
            id="a folder begins anew",
        ),
        pytest.param([{"a": "1"}, {".wh.a": ""}, {"a": "3"}], {"a": "3"}, id="a file comes back"),
        pytest.param([{"./a": "1"}, {"/b": "2"}], {"a": "1", "b": "2"}, id="paths are written in many ways"),
    ],
    indirect=["archive"],
)
def test_files_are_those_that_the_last_layer_left(archive: ImageArchive, seen: dict[str, str]) -> None:
    with archive:
        files = {path for path, entry in archive.entries.items() if entry.member.isfile()}
        assert {path: archive.read(path).decode() for path in files} == seen


@pytest.mark.parametrize(
    ("archive", "path", "real"),
    [
        pytest.param([{"bin": "-> usr/bin", "usr/bin/sh": "x"}], "bin/sh", "usr/bin/sh", id="a folder is a link"),
        pytest.param([{"a/b": "-> ../c", "c": "x"}], "a/b", "c", id="a relative link"),
        pytest.param([{"a": "-> /b", "b": "-> c", "c": "x"}], "a", "c", id="a link to a link"),
    ],
    indirect=["archive"],
)
def test_links_are_followed_within_the_image(archive: ImageArchive, path: str, real: str) -> None:
    with archive:
        assert archive.real_path(path) == real
        assert archive.read(path) == b"x"


@pytest.mark.parametrize("archive", [[{"a": "-> b", "b": "-> a"}]], indirect=True)
def test_links_in_a_circle_end(archive: ImageArchive) -> None:
    with archive, pytest.raises(KeyError, match="circles"):
        archive.read("a")


@pytest.mark.parametrize("archive", [[{"a": "1", "gone": "x"}, {".wh.gone": "", "a": "2"}]], indirect=True)
def test_what_is_unpacked_is_what_is_seen(archive: ImageArchive, tmp_path: Path) -> None:
    target = tmp_path / "root"
    target.mkdir(mode=0o700)
    with archive:
        archive.extract(target)

    assert {path.name: path.read_text() for path in target.iterdir()} == {"a": "2"}
    assert target.stat().st_mode & 0o777 == 0o755
