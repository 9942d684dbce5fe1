"""`python -m workbench.argocd [--check]`: put our Lua scripts into the form that argocd-cm takes, or say that the file is stale.

The folders under gitops/argocd are laid out as in Argo CD's own repository; until they are there, argocd-cm is where a cluster
gets them from.
"""

import argparse
import sys
from pathlib import Path

import yaml

ARGOCD = Path(__file__).resolve().parents[2] / "gitops" / "argocd"
CONFIG_MAP = ARGOCD / "argocd-cm.yaml"
_HEAD = """\
# Generated from resource_customizations/ by `make generate`; do not edit.
# Adds health and actions of our kinds to Argo CD's configuration, and leaves everything else in it as it is:
#   kubectl apply --server-side --field-manager azure-vpn-operator -f argocd-cm.yaml
"""


class _Lines(str):
    """A text that YAML shows line by line."""

    __slots__ = ()


def render(folder: Path = ARGOCD / "resource_customizations") -> str:
    """Return the ConfigMap: health and actions of each kind below the folder."""
    data: dict[str, str] = {}
    for kind in sorted(path.parent for path in folder.glob("*/*/health.lua")):
        name = f"{kind.parent.name}_{kind.name}"
        data[f"resource.customizations.health.{name}"] = _Lines((kind / "health.lua").read_text(encoding="utf-8"))
        definitions = [
            {"name": path.parent.name, "action.lua": _Lines(path.read_text(encoding="utf-8"))}
            for path in sorted(kind.glob("actions/*/action.lua"))
        ]
        discovery = _Lines((kind / "actions" / "discovery.lua").read_text(encoding="utf-8"))
        actions = {"discovery.lua": discovery, "definitions": definitions}
        data[f"resource.customizations.actions.{name}"] = _Lines(_yaml(actions))
    metadata = {
        "name": "argocd-cm",
        "namespace": "argocd",
        "labels": {"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"},
    }
    return _HEAD + _yaml({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def main(arguments: list[str] | None = None) -> int:
    """Write the file; with `--check` write nothing and return 1 if it is stale."""
    parser = argparse.ArgumentParser(prog="python -m workbench.argocd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is stale")
    options = parser.parse_args(arguments)
    text = render()
    if CONFIG_MAP.is_file() and CONFIG_MAP.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        sys.stderr.write(f"stale: {CONFIG_MAP} (run `make generate`)\n")
        return 1
    CONFIG_MAP.write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {CONFIG_MAP}\n")
    return 0


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Lines, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))


def _yaml(document: object) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10_000)


if __name__ == "__main__":
    sys.exit(main())
