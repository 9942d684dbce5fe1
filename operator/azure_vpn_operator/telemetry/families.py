"""Families of series under the operator's own prefix, and how they look on the page.

Thousands of objects make tens of thousands of lines at each scrape. The Prometheus client takes 15 µs for a line, which would be most of
what an operator in peace does; so these lines are written here, about ten times as fast. A test reads them with the client's parsers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

PREFIX: Final = "azure_vpn_operator_"

Rows: TypeAlias = Iterable[tuple[tuple[str, ...], float | None]]
"""Label values, and the number; None is not known, and shown as NaN: the series is there, and no comparison with it is true."""

_SPECIAL: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_COMMON: Final[dict[float, str]] = {0: "0.0", 1: "1.0"}


@dataclass(frozen=True, slots=True)
class Family:
    """One metric and all its series; the name is that of the series. The rows are gone through once."""

    name: str
    kind: Literal["gauge", "counter"]
    text: str
    labels: tuple[str, ...]
    rows: Rows

    def page(self, *, open_metrics: bool) -> str:
        """The lines, in Prometheus' text format or as OpenMetrics, which takes `_total` for a suffix."""
        described = self.name.removesuffix("_total") if open_metrics else self.name
        names = ",".join(f'{label}="%s"' for label in self.labels)
        line = f"{self.name}{{{names}}} " if names else f"{self.name} "
        lines = [f"# HELP {described} {self.text}\n# TYPE {described} {self.kind}\n"]
        for values, number in self.rows:
            shown = "NaN" if number is None else _COMMON.get(number) or repr(float(number))
            lines.append(f"{line % _escaped(values)}{shown}\n")
        return "".join(lines)


def gauge(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Family:
    """A gauge; the name without the prefix."""
    return Family(PREFIX + name, "gauge", text, labels, rows)


def counter(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Family:
    """A counter; the name without the prefix and without `_total`. A row whose number is not known has no series."""
    return Family(f"{PREFIX}{name}_total", "counter", text, labels, (row for row in rows if row[1] is not None))


def _escaped(values: tuple[str, ...]) -> tuple[str, ...]:
    joined = "".join(values)
    if '"' in joined or "\\" in joined or "\n" in joined:
        return tuple(value.translate(_SPECIAL) for value in values)
    return values
