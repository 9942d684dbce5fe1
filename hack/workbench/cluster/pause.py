"""Makes an image of one static program, in the form of `docker save`."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

PAUSE_IMAGE = "azvpn.dev/pause:1"


def write_pause_image(program: Path, archive: Path) -> None:
    """Write `archive`: an image with nothing but `program`, which it runs."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        member = tarfile.TarInfo("pause")
        member.mode, member.size = 0o755, program.stat().st_size
        with program.open("rb") as content:
            tar.addfile(member, content)
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    contents = {
        "layer.tar": layer.getvalue(),
        "config.json": json.dumps(settings).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(archive, "w") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
