import ast
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SHIPPED = ("operator/azure_vpn_operator", "simulator/azure_vpn_simulator", "hack/workbench")
LIMIT = 400


def test_long_module_says_why() -> None:
    """More than 400 lines need a paragraph in the module's docstring that begins with `Size:`."""
    silent = []
    modules = [path for source in SHIPPED for path in sorted((REPOSITORY / source).rglob("*.py"))]
    for path in modules:
        text = path.read_text()
        lines = len(text.splitlines())
        docstring = ast.get_docstring(ast.parse(text)) or ""
        if lines > LIMIT and not any(line.startswith("Size: ") for line in docstring.splitlines()):
            silent.append(f"{path.relative_to(REPOSITORY)}: {lines} lines")

    assert modules
    assert silent == []


def test_import_contracts_are_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_rooms_are_told_in_contributing_as_they_tell_themselves() -> None:
    """A new room gets its sentence in both places; the row of CONTRIBUTING names it as a path from the package."""
    told = dict(
        re.findall(r"^\| `([a-z_]+/[a-z_/]+)/` \| (.+) \|$", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    )
    rooms = {
        f"{prefix}{room.parent.name}": (ast.get_docstring(ast.parse(room.read_text())) or "").split("\n\n")[0]
        for prefix, folder in (
            ("domain/", "operator/azure_vpn_operator/domain"),
            ("reconcile/", "operator/azure_vpn_operator/reconcile"),
            ("simulator/", "simulator/azure_vpn_simulator"),
            ("tests/support/", "tests/support"),
        )
        for room in (REPOSITORY / folder).glob("*/__init__.py")
    }

    assert len(rooms) >= 13
    assert {name: sentence for name, sentence in told.items() if name in rooms} == rooms
