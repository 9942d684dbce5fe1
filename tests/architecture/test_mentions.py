"""What the project must not mention: hosts of package registries, and places that only its authors' machines have."""

import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

# Written in pieces, so that this file does not mention them itself.
REGISTRIES = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("golang", "org/dl"),
    ("proxy.golang", "org"),
    ("sum.golang", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("crates", "io"),
    ("repo1.maven", "org"),
    ("repo.maven.apache", "org"),
    ("deb.debian", "org"),
    ("goproxy", "io"),
]
PLACES = [
    r"(?<![\w./-])sh" + r"ared/(?!\*)",
    r"(?<![\w.-])/wo" + r"rk/",
    r"\bDESI" + r"GN\.md\b",
    r"(?<![\w/-])reference/(azure|kubernetes|peers|style|seed)" + r"\.md\b",
    r"(?<![\w/-])(azure|peers|seed)" + r"\.md\b",
]


def project_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listing.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def mentions(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    found = []
    for path in project_files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if expression.search(line):
                found.append(f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()[:100]}")
    return found


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = "|".join(re.escape(f"{name}.{domain}") for name, domain in REGISTRIES)

    assert mentions(rf"(?<![\w-])({hosts})\b") == []


def test_no_file_names_a_place_outside_the_repository() -> None:
    assert mentions("|".join(PLACES)) == []
