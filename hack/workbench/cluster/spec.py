"""What the program outside tells the one inside, and what it learns from it: two JSON files."""

import dataclasses
import json
from pathlib import Path

from workbench.control_plane.pki import write_private


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """An order for a cluster. The listeners are file descriptors of sockets made outside, on loopback, at ports of their own."""

    programs: dict[str, str]
    simulator: str
    topology: str
    time_scale: float
    images: list[str]
    api_port: int
    api_listener: int
    control_port: int
    control_listener: int
    azure_port: int
    azure_listener: int

    def write(self, path: Path) -> None:
        """Write it for `read`."""
        write_private(path, json.dumps(dataclasses.asdict(self)).encode())

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
