"""Runs the commands of the tour and of guides against a demo, so that no page can promise what does not happen.

A code block after `<!-- run -->` must succeed; `<!-- run: fails, says TEXT -->` states what happens instead. All blocks
of a page run in one shell, as the reader's do.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench.toolchain import find_binaries

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TOUR = DOCS / "getting-started" / "demo.md"
GUIDES = (DOCS / "guides" / "vnet-to-vnet.md", DOCS / "guides" / "rotate-keys.md")
"""These leave the demo as they found it, but for keys and a policy."""
BLOCK = re.compile(r"<!-- run(?P<terms>[^\n]*) -->\n```bash\n(?P<code>.*?)```", re.DOTALL)

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Block:
    code: str
    fails: bool
    says: str


def blocks_of(page: Path) -> list[Block]:
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        terms = re.fullmatch(r"(?::(?P<fails> fails,?)?(?: says (?P<says>.*))?)?", match["terms"])
        assert terms is not None, f"{page}: {match['terms']}"
        found.append(Block(match["code"], fails=terms["fails"] is not None, says=terms["says"] or ""))
    return found


def script_of(blocks: list[Block]) -> str:
    # Braces and not a subshell: later blocks use the variables of earlier ones. Any command of a block may fail it.
    begin = "set -o pipefail\ntrap 'code=$?' ERR\n"
    return begin + "".join(f"code=0\n{{\n{block.code}}} 2>&1\necho; echo @@@ $code\n" for block in blocks)


@pytest.fixture
def environment(kubernetes_binaries: Mapping[str, Path]) -> dict[str, str]:
    path = os.environ["PATH"]
    if shutil.which("kubectl") is None:
        path = f"{find_binaries(['kubectl'])['kubectl'].parent}{os.pathsep}{path}"
    return {"PATH": path, "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT / "hack")}


async def run(*command: str, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def check(page: Path, cwd: Path, environment: Mapping[str, str]) -> None:
    blocks = blocks_of(page)
    assert blocks
    _, text = await run("bash", "-c", script_of(blocks), cwd=cwd, environment=environment)
    answers = re.split(r"^@@@ (\d+)\n", text, flags=re.MULTILINE)
    outputs, codes = answers[0:-1:2], [int(code) for code in answers[1::2]]
    assert len(codes) == len(blocks), text
    for block, output, code in zip(blocks, outputs, codes, strict=True):
        assert (code != 0) == block.fails, f"{page.name}:\n{block.code}\n{output}"
        assert block.says in output, f"{page.name}:\n{block.code}\n{output}"


async def test_pages_do_what_they_say(tmp_path: Path, environment: dict[str, str]) -> None:
    demo = (sys.executable, "-m", "workbench.demo")
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    try:
        code, text = await run(*demo, "up", "--dir", ".demo", cwd=tmp_path, environment=environment)
        assert code == 0, text
        for page in (*GUIDES, TOUR):
            await check(page, tmp_path, environment)
    finally:
        await run(*demo, "down", "--dir", ".demo", cwd=tmp_path, environment=environment)


@pytest.mark.parametrize("page", [TOUR, *GUIDES], ids=lambda page: page.stem)
def test_every_command_of_a_page_is_run_but_those_that_start_and_end_the_demo(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert len(re.findall(r"^```bash$", text, re.MULTILINE)) == len(blocks_of(page))
    assert re.findall(r"^\$ (.*)$", text, re.MULTILINE) == (["make demo-up", "make demo-down"] if page == TOUR else [])
