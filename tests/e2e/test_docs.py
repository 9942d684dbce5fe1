"""Runs the commands of the tour and of guides against a demo, so that no page can promise what does not happen."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.pages import DOCS, ROOT, Block, blocks_of, commands_not_run, reader_environment, run, run_blocks

TOUR = DOCS / "getting-started" / "demo.md"
GUIDES = tuple(
    DOCS / "guides" / f"{name}.md" for name in ("monitoring", "vnet-to-vnet", "rotate-keys", "high-availability")
)
"""These leave the demo as they found it, but for keys and a policy."""
RUNBOOKS = tuple(sorted((DOCS / "runbooks").glob("*.md")))
"""These only look, and take it for granted that kubectl knows the cluster."""
ENTER = Block("source .demo/env\n", fails=False, says="")
LAST = DOCS / "guides" / "change-a-policy-safely.md"
"""This one leaves it with other devices and values."""

NOT_RUN = {
    TOUR.name: ["make demo-up", "make demo-down", "make demo ACT=rollback"],
    "monitoring.md": ["kubectl apply -k manifests/overlays/monitoring"],  # it needs the Prometheus operator's CRDs
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def environment(kubernetes_binaries: Mapping[str, Path]) -> dict[str, str]:
    return reader_environment()


async def test_pages_do_what_they_say(tmp_path: Path, environment: dict[str, str]) -> None:
    demo = (sys.executable, "-m", "workbench.demo")
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")
    try:
        code, text = await run(*demo, "up", "--dir", ".demo", cwd=tmp_path, environment=environment)
        assert code == 0, text
        await run_blocks([ENTER, *(block for page in RUNBOOKS for block in blocks_of(page))], tmp_path, environment)
        for page in (*GUIDES, TOUR, LAST):
            await run_blocks(blocks_of(page), tmp_path, environment)
    finally:
        await run(*demo, "down", "--dir", ".demo", cwd=tmp_path, environment=environment)


@pytest.mark.parametrize("page", [TOUR, *GUIDES, *RUNBOOKS, LAST], ids=lambda page: page.stem)
def test_every_command_of_a_page_is_run_but_those_that_start_and_end_the_demo(page: Path) -> None:
    assert commands_not_run(page) == NOT_RUN.get(page.name, [])
