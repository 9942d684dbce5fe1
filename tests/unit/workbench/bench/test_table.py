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
        "250 connections on 25 gateways",
        "90 s: 10 operations of 9 s on one gateway",
        "97.2 s, 1.08 times",
        "written after 7.5 s",
        "35.5 ms",
        "memory that a connection adds (kB)",
        "at most 1.1",
        "130 MiB",
        "0.17",
        "69349.5",
        "1.125",
    ):
        assert shown in text


def test_a_part_that_was_not_measured_is_not_shown(report: dict[str, Any]):
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as captured:
        print_report({name: report[name] for name in ("starts", "loadAverage", "processors")}, console)
    assert "a connection adds" in captured.get()
    assert "Latency" not in captured.get()
    assert "Edit of a policy" not in captured.get()
