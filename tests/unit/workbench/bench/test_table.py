from typing import Any

from rich.console import Console

from workbench.bench.table import print_report


def test_the_table_shows_every_figure(report: dict[str, Any]):
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as captured:
        print_report(report, console)
    text = captured.get()
    for shown in (
        "80",
        "1 PUT connection",
        "1 DELETE connection",
        "200 connections on 10 gateways",
        "3.4 s",
        "128 MiB",
        "0.17",
    ):
        assert shown in text
