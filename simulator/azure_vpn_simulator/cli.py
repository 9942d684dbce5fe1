"""The command line: `azure-vpn-simulator serve`. Every flag can also be given as an environment variable."""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from azure_vpn_simulator.running import Dataplane, RunningSimulator, running_simulator
from azure_vpn_simulator.topology import Topology, TopologyError, load_topology

_PREFIX = "AZURE_VPN_SIMULATOR_"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 after a signal, 2 for a mistake in flags or topology, 1 otherwise."""
    options = _parser().parse_args(arguments)
    try:
        topology = load_topology(options.topology)
        return asyncio.run(_serve(options, topology))
    except TopologyError as mistake:
        _say(f"the topology cannot be used:\n{mistake}")
        return 2
    except (OSError, ValueError) as problem:
        _say(f"cannot serve: {problem}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="azure-vpn-simulator", description="Plays Azure for VPN gateway connections.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve",
        help="listen until SIGTERM or Ctrl-C",
        epilog=f"Each flag can be set by an environment variable: --time-scale is {_PREFIX}TIME_SCALE.",
    )
    _flag(serve, "--topology", required=True, help="a YAML or JSON file, or demo")
    _flag(serve, "--state-dir", type=Path, required=True, help="folder for ca.crt and keys; used again if there")
    _flag(serve, "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    _flag(
        serve, "--names", default="", help="further host names and addresses for the certificate, with commas between"
    )
    _flag(serve, "--port", type=_port, default=0, help="TLS port; 0 takes a free one (default)")
    _flag(
        serve, "--control", type=_address, help="loopback address of the control API, such as 127.0.0.1:0; off without"
    )
    _flag(serve, "--time-scale", type=_scale, default=1.0, help="simulated seconds per second (default 1)")
    _flag(
        serve,
        "--dataplane",
        choices=get_args(Dataplane),
        default="rules",
        help="who decides whether a tunnel comes up: the simulator's rules (default), or two strongSwans for each (as root, on Linux)",
    )
    _flag(serve, "--ready-file", type=Path, help="written as JSON once listening, removed at the end")
    return parser


def _flag(parser: argparse.ArgumentParser, name: str, *, required: bool = False, **how: object) -> None:
    value = os.environ.get(_PREFIX + name.removeprefix("--").replace("-", "_").upper())
    if value is not None:
        how["default"] = value
    parser.add_argument(name, required=required and value is None, **how)  # type: ignore[arg-type]


async def _serve(options: argparse.Namespace, topology: Topology) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)  # one that a killed simulator left would lead astray
    async with running_simulator(
        topology,
        state_dir=options.state_dir,
        host=options.host,
        names=[name.strip() for name in options.names.split(",") if name.strip()],
        port=options.port,
        control=options.control,
        time_scale=options.time_scale,
        dataplane=options.dataplane,
    ) as running:
        gc.collect()
        gc.freeze()  # what the topology made stays; the collector need not look at it again with every full pass
        _say(f"listening on {running.endpoint}, control API {running.control_url or 'off'}, CA {running.ca_file}")
        if options.ready_file is not None:
            _write_ready(options.ready_file, running)
        await stop.wait()
        _say("stopping")
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)
    return 0


def _write_ready(file: Path, running: RunningSimulator) -> None:
    document = {
        "endpoint": running.endpoint,
        "authority": running.authority,
        "controlUrl": running.control_url,
        "caFile": str(running.ca_file.resolve()),
        "pid": os.getpid(),
    }
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(file)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit():
        raise argparse.ArgumentTypeError("an address looks like 127.0.0.1:8081")
    host = host.strip("[]")
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise argparse.ArgumentTypeError("the control API listens on loopback only")
    return host, _port(port)


def _scale(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("the time scale is a number above 0")
    return number


def _say(text: str) -> None:
    sys.stderr.write(f"azure-vpn-simulator: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
