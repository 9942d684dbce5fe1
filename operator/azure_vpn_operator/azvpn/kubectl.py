"""The cluster, as the user's own kubectl sees it: its kubeconfig, context, namespace and way to sign in."""

import argparse
import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, Final

from azure_vpn_operator.azvpn.failure import ToolError

CONNECTIONS: Final = "vpnconnections.azvpn.dev"
POLICIES: Final = "ipsecpolicies.azvpn.dev"
"""The kinds as kubectl takes them, written down: the models that know them take longer to load than Tab may."""
Document = dict[str, Any]
"""A Kubernetes object or list as JSON."""

_FLAGS = ("kubeconfig", "context", "namespace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add those flags of kubectl that say which cluster and namespace is meant."""
    flags = parser.add_argument_group("cluster", "as with kubectl")
    flags.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig to use")
    flags.add_argument("--context", metavar="NAME", help="the context of the kubeconfig to use")
    flags.add_argument("-n", "--namespace", metavar="NAME", help="the namespace; else that of the context")


class Kubectl:
    """Runs kubectl with the flags that the user gave."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._given = {name: value for name in _FLAGS if (value := vars(options).get(name))}
        self._flags = [f"--{name}={value}" for name, value in self._given.items()]

    def in_namespace(self, namespace: str) -> "Kubectl":
        """The same cluster, in another namespace."""
        return Kubectl(argparse.Namespace(**{**self._given, "namespace": namespace}))

    def namespace(self) -> str:
        """The namespace that is meant where none is named: that of the flag, else of the context, else `default`."""
        given: str = self._given.get("namespace", "")
        return given or self("config", "view", "--minify", "--output=jsonpath={..namespace}").strip() or "default"

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what it printed. Raises ToolError with its own words if it fails or cannot be found."""
        program = shutil.which("kubectl")
        if program is None:
            raise ToolError(
                "kubectl was not found; install it, or give the manifests as files where the command takes them"
            )
        ended = subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            [program, *arguments, *self._flags], input=stdin, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            raise ToolError(ended.stderr.strip() or f"kubectl ended with {ended.returncode}")
        return ended.stdout

    def get(self, kind: str, name: str) -> Document:
        """One object, such as `get("vpnconnections.azvpn.dev", "to-site6")`."""
        return self._read("get", kind, name)

    def list(self, kind: str, *, everywhere: bool = False, selector: str = "") -> Sequence[Document]:
        """All objects of the kind, in the namespace or in all of them, or those with these labels."""
        chosen = [*(["--all-namespaces"] if everywhere else []), *([f"--selector={selector}"] if selector else [])]
        found = self._read("get", kind, *chosen)
        items: Sequence[Document] = found["items"]
        return items

    def _read(self, *arguments: str) -> Document:
        document: Document = json.loads(self(*arguments, "--output=json"))
        return document
