"""The files of one run, and what the program outside tells the one inside."""

import dataclasses
import hashlib
import json
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """The files below the folder of a run. Several can run side by side in folders of their own."""

    folder: Path

    @property
    def work(self) -> Path:
        """All but logs: of no use to anybody afterwards."""
        return self.folder / "work"

    @property
    def logs(self) -> Path:
        """What stays."""
        return self.folder / "logs"

    @property
    def log(self) -> Path:
        """What each step says."""
        return self.logs / "steps.log"

    @property
    def spec(self) -> Path:
        """A `Spec`."""
        return self.work / "spec.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's; its address is one inside."""
        return self.work / "kubeconfig"

    @property
    def cgroup(self) -> str:
        """The cgroup below which all containers are, in each hierarchy; of this folder only."""
        return f"azvpn-kind-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """What the program inside works with, as paths."""

    programs: dict[str, str]
    debian: str
    node_files: str
    image: str
    command: list[str]

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read what was written as JSON."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
