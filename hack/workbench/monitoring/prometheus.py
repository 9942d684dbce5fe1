"""A Prometheus of the machine (Debian's package has one), started for a while with our alerts."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

from workbench.ports import choose_ports
from workbench.processes import Process
from workbench.stack import ROOT

RULES = ROOT / "manifests" / "monitoring" / "prometheus-rule.yaml"
START_SECONDS = 60.0


class NoPrometheusError(Exception):
    """There is no program `prometheus`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One series: its labels, and pairs of time (seconds) and value."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class Prometheus:
    """An asynchronous context manager; what is scraped is kept in `directory`."""

    def __init__(self, directory: Path, metrics_address: str, *, interval: str = "1s") -> None:
        """Scrape this `host:port`. Raises NoPrometheusError without the program."""
        program = shutil.which("prometheus")
        if program is None:
            raise NoPrometheusError("there is no prometheus: apt-get install prometheus, or see prometheus.io")
        self._program = program
        self._directory = directory
        self._target = metrics_address
        self._interval = interval
        (self._port,) = choose_ports(1)
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """Start it and wait until it is ready."""
        self._directory.mkdir(parents=True, exist_ok=True)
        rules, config = self._directory / "rules.yaml", self._directory / "prometheus.yaml"
        rules.write_text(yaml.safe_dump(yaml.safe_load(RULES.read_text(encoding="utf-8"))["spec"]), encoding="utf-8")
        job = {"job_name": "azure-vpn-operator", "honor_labels": True, "static_configs": [{"targets": [self._target]}]}
        settings = {
            "global": {"scrape_interval": self._interval, "evaluation_interval": self._interval},
            "rule_files": [str(rules)],
            "scrape_configs": [job],
        }
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        command = [
            self._program,
            f"--config.file={config}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        self._process = Process.start("prometheus", command, log=self._directory / "prometheus.log")
        await self._process.wait_until(self._is_ready, timeout_seconds=START_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        if self._process is not None:
            await self._process.stop()

    async def ask(self, expr: str) -> list[Answer]:
        """What the expression is now. Raises aiohttp's errors, also for an expression that is none."""
        data = await self._get("query", {"query": expr})
        return [Answer(item["metric"], (_point(item["value"]),)) for item in data["result"]]

    async def ask_range(self, expr: str, start: float, end: float, step: float) -> list[Answer]:
        """What the expression was; times are seconds since 1970."""
        data = await self._get("query_range", {"query": expr, "start": str(start), "end": str(end), "step": str(step)})
        return [Answer(item["metric"], tuple(map(_point, item["values"]))) for item in data["result"]]

    async def rules(self) -> dict[str, str]:
        """The alerts by name, and what was wrong when they were last looked at: empty if nothing was."""
        groups = (await self._get("rules", {}))["groups"]
        return {rule["name"]: rule.get("lastError", "") for group in groups for rule in group["rules"]}

    async def _get(self, what: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}"
        async with aiohttp.ClientSession(raise_for_status=True) as web, web.get(url, params=query) as answer:
            found: dict[str, Any] = (await answer.json())["data"]
            return found

    async def _is_ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{self._port}/-/ready") as answer:
                return answer.status == 200
        except (TimeoutError, aiohttp.ClientError):
            return False


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
