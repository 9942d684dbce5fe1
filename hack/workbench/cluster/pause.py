"""The image that holds a pod's namespaces, made of one static program."""

from pathlib import Path

from workbench.image.static import write_static_image

PAUSE_IMAGE = "azvpn.dev/pause:1"


def write_pause_image(program: Path, archive: Path, *, name: str = PAUSE_IMAGE) -> None:
    """Write `archive`, in the form of `docker save`: an image with nothing but `program`, which it runs."""
    write_static_image(archive, name, {"/pause": program}, entrypoint=["/pause"], user="65535:65535")
