"""Pages whose commands are run, so that none can promise what does not happen.

A code block after `<!-- run -->` must succeed; `<!-- run: fails, says TEXT -->` states what happens instead. Blocks that are
run together run in one shell, as the reader's do.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.toolchain.binaries import find_binaries

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"<!-- run(?P<terms>[^\n]*) -->\n```bash\n(?P<code>.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands, and how they end."""

    code: str
    fails: bool
    says: str


def blocks_of(page: Path) -> list[Block]:
    """The blocks that are to be run, in order."""
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        terms = re.fullmatch(r"(?::(?P<fails> fails,?)?(?: says (?P<says>.*))?)?", match["terms"])
        assert terms is not None, f"{page}: {match['terms']}"
        found.append(Block(match["code"], fails=terms["fails"] is not None, says=terms["says"] or ""))
    return found


def outputs_of(page: Path) -> list[str]:
    """What the page shows of the output of each block that is run."""
    shown = re.compile(BLOCK.pattern + r"\n\n```text\n(?P<output>.*?)\n```", re.DOTALL)
    return [match["output"] for match in shown.finditer(page.read_text(encoding="utf-8"))]


def commands_not_run(page: Path) -> list[str]:
    """Commands of the page that no test runs: those after a prompt; raises AssertionError for an unmarked block."""
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^```bash$", text, re.MULTILINE)) == len(blocks_of(page)), f"{page}: a block is not marked"
    return re.findall(r"^\$ (.*)$", text, re.MULTILINE)


def reader_environment() -> dict[str, str]:
    """The environment of a reader's shell, with what pip has installed and a kubectl."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("kubectl") is None:
        path = f"{find_binaries(['kubectl'])['kubectl'].parent}{os.pathsep}{path}"
    return {"PATH": path, "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT / "hack"), "GOGC": os.environ["GOGC"]}


async def run(*command: str, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code, and all that was printed."""
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


async def run_blocks(blocks: Sequence[Block], cwd: Path, environment: Mapping[str, str]) -> list[str]:
    """Run the blocks in one shell, fail if one does not end as the page says; returns what each has printed."""
    assert blocks
    _, text = await run("bash", "-c", _script_of(blocks), cwd=cwd, environment=environment)
    answers = re.split(r"^@@@ (\d+)\n", text, flags=re.MULTILINE)
    outputs, codes = answers[0:-1:2], [int(code) for code in answers[1::2]]
    assert len(codes) == len(blocks), text
    for block, output, code in zip(blocks, outputs, codes, strict=True):
        assert (code != 0) == block.fails, f"{block.code}\n{output}"
        assert block.says in output, f"{block.code}\n{output}"
    return [output.removesuffix("\n") for output in outputs]


def _script_of(blocks: Sequence[Block]) -> str:
    # Braces and not a subshell: later blocks use the variables of earlier ones. Any command of a block may fail it.
    begin = "set -o pipefail\ntrap 'code=$?' ERR\n"
    return begin + "".join(f"code=0\n{{\n{block.code}}} 2>&1\necho; echo @@@ $code\n" for block in blocks)
