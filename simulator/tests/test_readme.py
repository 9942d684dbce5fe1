"""The README's tables are the code's."""

import json
import re
from pathlib import Path

from azure_vpn_simulator.faults import Action
from azure_vpn_simulator.invented_codes import INVENTED_CODES
from azure_vpn_simulator.options import Options

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> list[tuple[str, ...]]:
    """The cells of the table below a heading, without its two header lines."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip().strip("`") for cell in row.strip("|").split("|")) for row in rows]


def test_the_table_of_invented_codes_is_the_one_in_the_code() -> None:
    assert table("Invented codes") == [(row.code, str(row.status), row.when) for row in INVENTED_CODES]


def test_no_code_is_invented_twice_and_every_row_is_used() -> None:
    assert len({row.code for row in INVENTED_CODES}) == len(INVENTED_CODES)
    package = Path(__file__).parents[1] / "azure_vpn_simulator"
    code = "\n".join(f.read_text() for f in package.glob("*.py"))
    names = re.findall(r"^([A-Z0-9_]+) = InventedCode", (package / "invented_codes.py").read_text(), re.MULTILINE)
    assert len(names) == len(INVENTED_CODES)
    assert [name for name in names if f"invented.{name}" not in code] == []


def test_every_fault_action_is_explained() -> None:
    assert [row[0] for row in table("Faults")] == [str(action) for action in Action]


def written(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each:g}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else json.dumps(value) if isinstance(value, bool) else str(value)


def test_every_option_is_explained_with_its_default() -> None:
    expected = {}
    for name, value in Options().model_dump(mode="json", by_alias=True).items():
        if name in {"durations", "throttling", "apiVersions"}:
            expected.update({f"{name}.{inner}": written(each) for inner, each in value.items()})
        else:
            expected[name] = written(value)
    assert {row[0]: row[1] for row in table("Options")} == expected
