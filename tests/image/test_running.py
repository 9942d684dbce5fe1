"""The image's program as Kubernetes confines it: user 65532, nothing writable, no capabilities."""

import json

from workbench.image.names import image_name

from .conftest import Unpacked

_WHO = """
import json, os
def attempt(path):
    try:
        open(path, "w")
    except OSError as error:
        return os.strerror(error.errno)
    return "written"
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "user": [os.getuid(), os.getgid(), os.getgroups()],
    "capabilities": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd")],
    "writes": sorted({attempt(path) for path in ("/x", "/tmp/x", "/opt/azure-vpn-operator/x", "/var/tmp/x")}),
}))
"""

_IMPORTED = """
import importlib.util, json, os, sys
import azure_vpn_operator.app.factory
sources = [m.__spec__ for m in list(sys.modules.values()) if getattr(m, "__spec__", None) and (m.__spec__.origin or "").endswith(".py")]
print(json.dumps({
    "modules": len(sources),
    "compiled at the start": [spec.origin for spec in sources if not os.path.exists(spec.cached)],
}))
"""


def test_the_confinement_is_real(unpacked: Unpacked) -> None:
    who = json.loads(unpacked.python(_WHO).stdout)

    assert who == {"user": [65532, 65532, []], "capabilities": ["0" * 16] * 3, "writes": ["Read-only file system"]}


def test_it_tells_its_version(unpacked: Unpacked) -> None:
    ran = unpacked.operator("version")

    assert (ran.returncode, ran.stdout) == (0, f"azure-vpn-operator {image_name().version}\n"), ran.stderr


def test_it_explains_itself(unpacked: Unpacked) -> None:
    ran = unpacked.operator("run", "--help")

    assert ran.returncode == 0, ran.stderr
    assert "--installation-id" in ran.stdout


def test_what_it_does_by_itself_is_to_run_and_to_say_what_it_lacks(unpacked: Unpacked) -> None:
    ran = unpacked.operator(*unpacked.settings["Cmd"])

    assert ran.returncode == 2
    assert "installation" in ran.stderr.lower()


def test_nothing_is_compiled_at_the_start(unpacked: Unpacked) -> None:
    ran = unpacked.python(_IMPORTED)
    imported = json.loads(ran.stdout)

    assert imported["modules"] > 500, ran.stderr
    assert imported["compiled at the start"] == []
