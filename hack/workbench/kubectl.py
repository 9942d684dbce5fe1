"""Calls kubectl, as a user would."""

import asyncio
import dataclasses
import json
import os
from pathlib import Path
from typing import Any


class KubectlError(Exception):
    """kubectl ended with anything but 0; the message has its arguments and what it said."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kubectl:
    """A kubectl for one cluster. Called, it returns what was printed."""

    program: Path
    kubeconfig: Path

    async def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it; raises KubectlError if it fails."""
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "KUBECONFIG": str(self.kubeconfig)},
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(None if stdin is None else stdin.encode())
        if process.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {errors.decode().strip()}")
        return output.decode()

    async def get(self, *arguments: str) -> dict[str, Any]:
        """Return an object, or a list of them, as the API server holds it."""
        document: dict[str, Any] = json.loads(await self("get", *arguments, "--output", "json"))
        return document
