"""The program inside the namespaces: it starts the engine, makes the node image and the cluster, and runs the command.

Started by `lifecycle.run` only; python -m workbench.kind.inside FOLDER. It stops nothing at its end: the kernel does, since
the process namespace ends with it.
"""

import asyncio
import ipaddress
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.image.names import ROOT
from workbench.kind import runtime
from workbench.kind.layout import Layout, Spec
from workbench.kind.node_image import write_build_folder
from workbench.kind.programs import MODULE
from workbench.namespaces import overlay
from workbench.processes import Process, ProcessError
from workbench.steps import StepError, run_step

NAME = "azvpn"
_NODE_IMAGE = "azvpn.dev/kind-node:1"
_BASE = "azvpn.dev/kind-node-debian:1"
_WRITTEN = (Path("/etc"), Path("/lib").resolve())
"""Where Docker and kind make folders: /etc/docker, /lib/modules."""


def environment(outside: Mapping[str, str]) -> dict[str, str]:
    """Return what the engine and kind see: nothing that points at another engine, and no proxy, which would not be reached."""
    return {name: outside[name] for name in ("PATH", "LANG") if name in outside} | {"HOME": "/run"}


def gateway(networks: str) -> str:
    """Return the IPv4 address of this machine in a network, from the answer of `docker network inspect`."""
    for entry in json.loads(networks)[0]["IPAM"]["Config"]:
        if (address := entry.get("Gateway")) and ipaddress.ip_address(address).version == 4:
            return str(address)
    raise StepError("the network `kind` has no IPv4 gateway; `docker network inspect kind` shows what it has")


def fits_in_memory(meminfo: str) -> bool:
    """Tell whether the engine's files, about 4 GiB, may be kept in memory, where they cost no time to write or to remove."""
    available = next(line.split()[1] for line in meminfo.splitlines() if line.startswith("MemAvailable:"))
    return int(available) >= 12 * 1024 * 1024


class Inside:
    """One run."""

    def __init__(self, layout: Layout, spec: Spec) -> None:
        self._layout = layout
        self._spec = spec
        self._programs = {name: Path(path) for name, path in spec.programs.items()}
        self._environment = environment(os.environ)

    async def start_engine(self) -> Process:
        """Start dockerd and return when it answers. Raises ProcessError."""
        work = self._layout.work
        self._prepare_namespaces()
        wrapper = self._write_runtime()
        flags = [f"--data-root={work / 'docker'}", "--exec-root=/run/docker-exec", "--userland-proxy=false"]
        flags += [f"--add-runtime=here={wrapper}", "--default-runtime=here", f"--cgroup-parent=/{self._layout.cgroup}"]
        command = ["/usr/bin/env", "dockerd", "--host=unix:///run/docker.sock", *flags]
        process = Process.start("dockerd", command, log=self._layout.logs / "dockerd.log", env=self._environment)

        async def answers() -> bool:
            asked = await asyncio.create_subprocess_exec(
                *("docker", "version"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environment
            )
            return await asked.wait() == 0

        await process.wait_until(answers, timeout_seconds=60, interval_seconds=0.3)
        return process

    def _prepare_namespaces(self) -> None:
        commands = [["ip", "link", "set", "lo", "up"], ["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"]]
        if fits_in_memory(Path("/proc/meminfo").read_text(encoding="ascii")):
            commands.append(["mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(self._layout.work)])
        for command in commands:
            subprocess.run(command, check=True)
        for folder in _WRITTEN:
            subprocess.run(overlay(folder, self._layout.work / "scratch" / folder.name), check=True)

    def _write_runtime(self) -> Path:
        wrapper = self._layout.work / "runc"
        runc = self._programs["system-runc"]
        wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {runtime.__file__} {runc} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        return wrapper

    def make_cluster(self) -> None:
        """Make the node image, and of it a cluster that has the image asked for. Raises StepError."""
        build = self._layout.work / "node"
        build.mkdir()
        version = _version(self._programs["kubeadm"])
        write_build_folder(build, self._programs, Path(self._spec.node_files), version)
        self._step("Importing the Debian", ["docker", "import", self._spec.debian, _BASE])
        command = ["docker", "build", "--tag", _NODE_IMAGE, "--build-arg", f"BASE={_BASE}", str(build)]
        self._step("Building the node image", command)
        kind = str(self._programs["kind"])
        config = MODULE / "own-node.yaml"
        arguments = ["create", "cluster", "--name", NAME, "--image", _NODE_IMAGE, "--config", str(config)]
        arguments += ["--kubeconfig", str(self._layout.kubeconfig), "--retain", "--wait", "120s"]
        try:
            self._step("Making the cluster", [kind, *arguments])
        except StepError:
            self._step("Saving the nodes' logs", [kind, "export", "logs", "--name", NAME, str(self._layout.logs)])
            raise
        self._step("Loading the image", [kind, "load", "image-archive", self._spec.image, "--name", NAME])

    def run_command(self) -> int:
        """Run the command and return its exit code."""
        asked = subprocess.run(
            ["docker", "network", "inspect", "kind"], capture_output=True, text=True, check=True, env=self._environment
        )
        told = {"KUBECONFIG": str(self._layout.kubeconfig), "SIMULATOR_HOST": gateway(asked.stdout)}
        told["USE_EXISTING_CLUSTER"] = "true"
        told["PATH"] = f"{self._programs['kubectl'].parent}:{os.environ['PATH']}"
        return subprocess.run(self._spec.command, cwd=ROOT, env={**os.environ, **told}, check=False).returncode

    def _step(self, what: str, command: Sequence[str]) -> None:
        # BuildKit would be a plugin that need not be there.
        run_step(what, command, log=self._layout.log, env={**self._environment, "DOCKER_BUILDKIT": "0"})


def _version(kubeadm: Path) -> str:
    command = [str(kubeadm), "version", "--output=short"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def main(folder: Path) -> int:
    """Run as `spec.json` in `folder` says; returns the command's exit code, or 1 after the reason was printed."""
    layout = Layout(folder)
    inside = Inside(layout, Spec.read(layout.spec))
    try:
        await inside.start_engine()
        inside.make_cluster()
        return inside.run_command()
    except (StepError, ProcessError, subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
