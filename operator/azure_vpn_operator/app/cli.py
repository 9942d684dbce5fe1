"""The command line: `azure-vpn-operator run` and `azure-vpn-operator version`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from importlib.metadata import version

from pydantic import ValidationError

from azure_vpn_operator.app.access_watch import load_access
from azure_vpn_operator.app.factory import run_operator
from azure_vpn_operator.app.serving import split_address
from azure_vpn_operator.app.settings import Environment, Settings, arm_settings_of
from azure_vpn_operator.app.sharding import OverlapError
from azure_vpn_operator.telemetry.log_format import configure_logging
from azure_vpn_operator.telemetry.redaction import SecretRegistry

DISTRIBUTION = "azure-vpn-operator"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code: 0 after an orderly end, 1 if a part failed, 2 for wrong settings."""
    options = _build_parser().parse_args(arguments)
    if options.command == "version":
        sys.stdout.write(f"{DISTRIBUTION} {version(DISTRIBUTION)}\n")
        return 0
    try:
        settings, environment = _read_settings(options)
        access = load_access(settings.access_file) if settings.access_file else None
    except ValidationError as error:
        return _refuse(_explain(error))
    except ValueError as error:
        return _refuse(str(error))
    secrets = SecretRegistry()
    for secret in (environment.azure_client_secret, environment.azure_client_certificate_password):
        if secret:
            secrets.register(secret)
    configure_logging(settings.log_level, "json" if settings.log_format == "json" else "text", secrets)
    try:
        return asyncio.run(run_operator(settings, environment, secrets, version(DISTRIBUTION), access))
    except OverlapError as error:
        return _refuse(str(error))


def _read_settings(options: argparse.Namespace) -> tuple[Settings, Environment]:
    given = {name: value for name, value in vars(options).items() if name != "command" and value is not None}
    settings, environment = Settings(**given), Environment()
    arm_settings_of(settings, environment, version(DISTRIBUTION))
    for address in filter(None, (settings.probe_address, settings.metrics_address)):
        split_address(address)
    return settings, environment


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=DISTRIBUTION, description="Run Azure VPN connections from Git.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="run the controller",
        description="Run the controller. Each flag can be given as an environment variable too: AZVPN_ and the flag's name in upper "
        "case with underscores. The identity in Azure comes from the standard variables of azure-identity.",
    )
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"default: {_show(field.default)}"
        run.add_argument(
            f"--{name.replace('_', '-')}", dest=name, metavar="VALUE", help=f"{field.description} ({default})"
        )
    commands.add_parser("version", help="print the version")
    return parser


def _show(value: object) -> str:
    return ",".join(value) or "empty" if isinstance(value, tuple) else str(value) or "empty"


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(problem["loc"][0]).lower().removeprefix("azvpn_") if problem["loc"] else "settings"
        flag = f"--{name.replace('_', '-')} (or AZVPN_{name.upper()})"
        lines.append(f"{flag}: {problem['msg']}")
    return "\n".join(lines)


def _refuse(text: str) -> int:
    sys.stderr.write(f"{DISTRIBUTION}: the settings cannot be used:\n{text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
