"""Each state that the product can show before the eyes of kstatus and Argo CD.

The stories are played on the real system. `make states` writes what they keep into gitops/argocd, as testdata; without it
the recordings there must still be what the product shows.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from e2e.conftest import QUICK, open_tenant
from support.cases.states import STATES
from support.git_tools import ArgoLua, Document, Kstatus
from support.recordings import recording_of, shape_of, with_usual_names, write_recordings
from support.state_laws import broken_laws
from support.world.film import Film
from support.world.stories import ALONE, STORIES, Stage, Story
from support.world.topology import group_name
from workbench.stack import Stack

pytestmark = pytest.mark.timeout(600)
AT_ONCE = 6
NAMES = [pytest.param(kind, name, id=f"{kind}/{name}") for kind, name in STATES]

Played = tuple[dict[tuple[str, str], Document], list[str]]
"""What was kept, and what went wrong."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cautious(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory, topology_file: Path
) -> AsyncIterator[tuple[Stack, Film]]:
    """A system of its own, whose fleet may halt."""
    async with Stack(
        tmp_path_factory.mktemp("cautious-stack"),
        time_scale=60,
        topology=str(topology_file),
        operator_flags=(*QUICK, "--max-disruptions", "3"),
        binaries=kubernetes_binaries,
    ) as running:
        with Film.running(running.plane) as film:
            yield running, film


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(
    filmed_stack: tuple[Stack, Film],
    cautious: tuple[Stack, Film],
    kubernetes_binaries: Mapping[str, Path],
    group_numbers: Iterator[int],
) -> Played:
    """All stories, side by side where they can."""
    slots, kept, errors = asyncio.Semaphore(AT_ONCE), {}, []

    async def play(story: Story, system: tuple[Stack, Film]) -> None:
        group = group_name(next(group_numbers))
        async with slots, open_tenant(system[0], kubernetes_binaries["kubectl"], group, story.__name__) as tenant:
            stage = Stage(tenant, system[1])
            try:
                await story(stage)
            except AssertionError as error:
                errors.append(f"{story.__name__}: {error}")
            for state, document in stage.kept.items():
                kept[state] = with_usual_names(document, tenant)

    async def play_alone() -> None:
        for story in ALONE:
            await play(story, cautious)

    await asyncio.gather(play_alone(), *(play(story, filmed_stack) for story in STORIES))
    return kept, errors


def test_each_state_has_been_met(played: Played, kstatus: Kstatus, argo: ArgoLua, pytestconfig: pytest.Config) -> None:
    kept, errors = played

    assert not errors, "\n".join(errors)
    assert set(kept) == set(STATES)
    if pytestconfig.option.record_states:
        write_recordings(kept, argo)


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_tools_make_of_a_state_what_is_meant(
    played: Played, kstatus: Kstatus, argo: ArgoLua, kind: str, name: str
) -> None:
    document, state = played[0][kind, name], STATES[kind, name]

    (verdict,), (health,) = kstatus.judge([document]), argo.health([document])

    assert (verdict.status, health.status) == (state.kstatus, state.argo), (state.why, verdict, health)
    assert list(broken_laws(document, verdict, health)) == []


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_recordings_show_what_the_product_shows(played: Played, kind: str, name: str) -> None:
    recorded = yaml.safe_load(recording_of(kind, name).read_text(encoding="utf-8"))

    assert shape_of(recorded) == shape_of(played[0][kind, name]), "renew them: make states"
