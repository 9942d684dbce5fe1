"""The access file as a pod has it: an entry of a mounted ConfigMap, behind links that the kubelet swaps when it changes."""

import itertools
import re
import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from support.world.tenant import Tenant

EVERYBODY: Final = {"default": "Allow"}
"""Rules under which every namespace may use everything."""
_VALID = "azure_vpn_operator_access_file_valid"
_LOADED = "azure_vpn_operator_access_file_last_loaded_timestamp_seconds"


class AccessFile:
    """The mounted file, and what the operator's metrics say of it."""

    def __init__(self, folder: Path) -> None:
        """Mount it below `folder`, which is made; everybody may use everything."""
        self._folder = folder
        self._versions = itertools.count()
        self.path = folder / "access.yaml"
        folder.mkdir(parents=True)
        self.path.symlink_to(Path("..data") / self.path.name)
        self.replace(yaml.safe_dump(EVERYBODY))

    def replace(self, content: str | None) -> None:
        """Let the ConfigMap have this content, or lose the entry: at once, the folder behind the link is another one."""
        data, link = self._folder / "..data", self._folder / "..data_tmp"
        former = data.resolve() if data.exists() else None
        version = self._folder / f"..version-{next(self._versions)}"
        version.mkdir()
        if content is not None:
            (version / self.path.name).write_text(content, encoding="utf-8")
        link.symlink_to(version.name)
        link.replace(data)
        if former is not None:
            shutil.rmtree(former)

    async def state(self, tenant: Tenant) -> tuple[bool, float]:
        """Whether the operator finds the file valid, and since when (seconds since 1970) the rules in force hold."""
        _, text = await tenant.scrape()
        found = dict(re.findall(rf"^({_VALID}|{_LOADED}) (\S+)$", text, re.MULTILINE))
        return float(found[_VALID]) == 1, float(found[_LOADED])

    async def allow(self, tenant: Tenant, rules: dict[str, Any] | str) -> None:
        """Change the ConfigMap to these rules, or to this text; returns when they are in force."""
        _, before = await self.state(tenant)
        text = rules if isinstance(rules, str) else yaml.safe_dump(rules)
        self.replace(f"{text}\n# after {before}\n")

        async def is_in_force() -> bool:
            valid, since = await self.state(tenant)
            return valid and since > before

        await tenant.eventually(is_in_force, what="the new rules are in force")
