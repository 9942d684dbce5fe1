"""The command: reads what it is given, judges it, and writes the report."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from azure_vpn_operator.azvpn.lint.findings import Report
from azure_vpn_operator.azvpn.lint.linting import lint

FORMATS: Final = ("text", "json", "sarif", "junit", "github")
_MODULES: Final = {"json": "as_json"}
"""Where a module must not be called like the format: the standard library has one of that name."""
PROFILES: Final = ("recommended", "fips", "cnsa", "none")
EXAMPLES: Final = """\
  kubectl azvpn lint manifests/
  kustomize build overlays/prod | kubectl azvpn lint -
  helm template my-release my-chart | kubectl azvpn lint - --strict
  kubectl azvpn lint manifests/ --profile fips --output sarif > lint.sarif"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders (with all below), or - for stdin")
    parser.add_argument("-o", "--output", choices=FORMATS, default="text", help="form of the report (default: text)")
    parser.add_argument(
        "--profile", choices=PROFILES, default="recommended", help="warn of encryption below it (default: recommended)"
    )
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument(
        "-n", "--namespace", default="default", metavar="NAME", help="of objects that name none (default: default)"
    )


def run(options: argparse.Namespace) -> int:
    """Lint; returns 1 if something fails, else 0."""
    report = lint(options.paths, options.profile, options.namespace, strict=options.strict)
    module = import_module(f"azure_vpn_operator.azvpn.lint.formats.{_MODULES.get(options.output, options.output)}")
    render = cast("Callable[[Report], str]", module.render)
    sys.stdout.write(render(report))
    sys.stdout.flush()
    return 1 if report.has_failed else 0
