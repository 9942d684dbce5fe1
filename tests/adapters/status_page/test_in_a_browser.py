"""The page in a real browser: what people see, with keys alone too, and that nothing in it comes from elsewhere."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.cases import maps
from support.cases.maps import a_connection, a_policy, a_site, a_status
from support.pictures import IMAGES, PICTURES, take
from support.world.browser import Page, open_browser
from support.world.status_page import Fleet, serve, served

DOWN = ("False", "NotConnected", "the tunnel is down: compare policy, shared key and IKE version with the other side")
CHIP = '#map .chip[data-link="network/{}"]'

# One browser for all of them.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("browser")]
Tab = Callable[[], Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tab() -> AsyncIterator[Tab]:
    """How to get a tab of the browser that all tests of this module share."""
    async with open_browser() as open_page:
        yield open_page


@pytest_asyncio.fixture(loop_scope="module")
async def page(tab: Tab) -> AsyncIterator[Page]:
    """A tab of one's own, in which nothing may be complained of, and which may ask nobody but the operator."""
    opened = await tab()
    await opened.set_time(maps.NOW)
    yield opened
    assert opened.errors == []
    places = {"/".join(url.split("/")[:3]) for url in opened.requests if not url.startswith("about:")}
    assert len(places) == 1
    assert places.pop().startswith("http://127.0.0.1:")


async def show(page: Page, url: str, **window: Any) -> None:
    await page.open(url, **window)
    await page.until("document.querySelector('#live[data-state=live]')")


async def text_of(page: Page, selector: str) -> str:
    text = await page.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText.replace(/\\s+/g, ' ')")
    return str(text)


async def label_of_focus(page: Page) -> str:
    found = "document.activeElement"
    return str(await page.evaluate(f"{found}.getAttribute('aria-label') ?? {found}.id ?? {found}.innerText"))


async def test_what_is_wrong_is_on_top_and_says_why(page: Page):
    fleet = Fleet()
    fleet.put(maps.small_fleet())
    async with served(page, fleet) as url:
        await show(page, url)
        assert await text_of(page, ".alert") == (
            "warehouse-lyon HubGW → Lyon Down 5 min NotConnected the tunnel is down: compare policy, shared key and IKE version "
            "with the other side, and see that it is reachable"
        )
        counts = await page.evaluate(
            "[...document.querySelectorAll('.counter')].map((node) => node.innerText.replace(/\\s+/g, ' '))"
        )
        assert counts == ["2 Problem", "1 Changing", "0 Unknown", "2 Waiting", "5 Well"]
        assert await page.evaluate("document.title") == "(2) VPN map"


async def test_a_tunnel_that_goes_down_is_seen_without_a_reload(page: Page):
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6"), a_site("site7", "Site7")])
    async with served(page, fleet) as url:
        await show(page, url)
        assert await page.evaluate("document.querySelectorAll('.alert').length") == 0
        await page.evaluate("window.before = document.querySelector('.chip')")
        fleet.put([a_site("site6", "Site6", status=a_status(connected=DOWN, tunnels=(0, 1)))])
        await page.until("document.querySelector('.alert')")
        assert "tunnel-Down" in await page.evaluate(f"document.querySelector('{CHIP.format('site6')}').className")
        assert await page.evaluate("document.querySelectorAll('[data-wire].tunnel-Down').length") == 1
        assert await text_of(page, "#news") == "site6: Down."
        fleet.put([a_site("site6", "Site6")])
        await page.until("!document.querySelector('.alert')")
        fleet.remove("site7")
        await page.until("document.querySelectorAll('#map .chip').length === 1")
        assert await page.evaluate("window.before === document.querySelector('.chip')"), (
            "elements stay, and so does the focus"
        )


async def test_the_whole_page_works_with_keys_alone(page: Page):
    fleet = Fleet()
    fleet.put(maps.small_fleet())
    async with served(page, fleet) as url:
        await show(page, url)
        seen: list[str] = []
        for _ in range(30):
            await page.press("Tab")
            seen.append(await label_of_focus(page))
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", seen[-1]
            if await page.evaluate("document.activeElement.closest('#map') !== null"):
                break
        assert "hub-east: pair with gateway SpokeEastGW" in seen[-1], seen
        await page.press("End")
        assert (await label_of_focus(page)).startswith("hub-west: pair with gateway HubGW")
        await page.press("Home")
        await page.press("ArrowDown")
        await page.press("ArrowDown")
        assert (await label_of_focus(page)).startswith("hq-lisbon: to Lisbon, Partly up 1/2, RedundancyLost")
        await page.press("ArrowRight")
        await page.press("ArrowLeft")
        await page.press("ArrowUp")
        await page.press("ArrowDown")
        await page.press("Enter")
        assert "hq-lisbon HubGW → Lisbon" in await text_of(page, "#details")
        assert await page.evaluate("document.querySelector('#details').contains(document.activeElement)")
        await page.press("Escape")
        assert await page.evaluate("document.querySelector('#details').hidden")
        assert (await label_of_focus(page)).startswith("hq-lisbon")
        await page.press("/")
        assert await label_of_focus(page) == "search"
        # The map is one stop of the Tab key, and the page can be left behind it.
        assert await page.evaluate("document.querySelectorAll('#map [tabindex=\"0\"]').length") == 1


async def test_search_and_states_narrow_the_map_and_the_table(page: Page):
    fleet = Fleet()
    fleet.put(maps.small_fleet())
    chips = "[...document.querySelectorAll('#map .chip')].map((chip) => chip.dataset.link)"
    async with served(page, fleet) as url:
        await show(page, url)
        await page.press("/")
        for key in "graz":
            await page.press(key)
        assert await page.evaluate(chips) == ["network/plant-graz"]
        await page.press("Escape")
        await page.evaluate("document.querySelector('.counter.Problem').click()")
        assert set(await page.evaluate(chips)) == {"network/hq-lisbon", "network/warehouse-lyon"}
        await page.evaluate("document.querySelector('#view-table').click()")
        rows = "[...document.querySelectorAll('#table tbody tr')].map((row) => row.innerText.replace(/\\s+/g, ' '))"
        assert [row.split(" network ")[0] for row in await page.evaluate(rows)] == [
            "Down warehouse-lyon",
            "Partly up 1/2 hq-lisbon",
        ]
        await page.evaluate("document.querySelector('.counter.Problem').click()")
        assert len(await page.evaluate(rows)) == 10
        await page.evaluate("document.querySelectorAll('#table thead button')[1].click()")
        assert (await page.evaluate(rows))[0].startswith("Up 2/2 hq-oslo") is False
        assert await page.evaluate("document.querySelectorAll('th[aria-sort=ascending]').length") == 1


HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "\"><svg onload=document.title='owned'>",
    "{{constructor.constructor('document.title=1')()}}",
    "javascript:document.title='owned'",
    "\u202egnp.exe \u0000 \ud7ff " + "very-long-" * 300,
]


@pytest.mark.parametrize(
    "text", HOSTILE, ids=["image", "script", "attribute", "template", "address", "odd signs, and no end"]
)
async def test_texts_from_outside_stay_texts(page: Page, text: str):
    """Messages, tunnels and states are what Azure says; metadata and specs what whoever may write objects has written."""
    status = a_status(
        ready=("False", text[:1000], text),
        connected=("False", "NotConnected", text),
        summary={"reason": text[:1000], "message": text, "gateway": text[:80], "peer": text[:80]},
    )
    status["halves"][0] |= {"connectionStatus": text[:64], "id": text[:480]}
    status["halves"][0]["tunnels"] = [{"name": text[:512], "status": text[:64]}]
    hostile = a_connection(
        text[:60],
        {"managementPolicy": "Observe", "azureName": text, "resourceGroup": text},
        status,
        namespace=text[:60],
    )
    site = a_site("site6", "Site6", status=status)
    policy = a_policy(text[:60], rolled_out=("False", text[:1000], text), state="Failed", target=maps.AFTER)
    fleet = Fleet()
    fleet.put([hostile, site, policy])
    async with served(page, fleet) as url:
        await show(page, url)
        await page.until("document.querySelectorAll('.alert').length === 2")
        shown = await page.evaluate("document.querySelector('.alert .message').textContent")
        assert text[:900] in shown.replace("\ufffd", "\u0000")
        for number in range(2):
            await page.evaluate(f"document.querySelectorAll('.alert')[{number}].click()")
            assert await page.evaluate("document.querySelectorAll('.details .half').length") >= number
        await page.evaluate("document.querySelector('#view-table').click()")
        assert await page.evaluate("[document.title, document.scripts.length, document.images.length]") == [
            "(3) VPN map",
            1,
            1,
        ]
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nor do they break the page"


async def test_the_browser_itself_refuses_to_make_html_of_texts(page: Page):
    async with served(page, Fleet()) as url:
        await show(page, url)
        said = await page.evaluate(
            "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'done' } catch (error) { return error.name } })()"
        )
        assert said == "TypeError"
        page.errors.clear()


async def test_a_standby_says_that_it_is_one(page: Page):
    fleet = Fleet(leads=False)
    fleet.put([a_site("site6", "Site6")])
    async with served(page, fleet) as url:
        await show(page, url)
        assert "stands by" in await text_of(page, "#replica")
        fleet.leads = True
        await page.until("document.querySelector('#replica').hidden")


async def test_an_operator_that_is_gone_is_said_and_what_was_seen_stays(tab: Tab):
    page = await tab()
    fleet = Fleet()
    fleet.put([a_site("site6", "Site6")])
    async with serve(fleet) as url:
        await show(page, url)
    await page.until("document.querySelector('#live[data-state=lost]')")
    assert "cannot be reached" in await text_of(page, "#notice")
    assert await page.evaluate("document.querySelectorAll('#map .chip').length") == 1


async def test_an_empty_fleet_says_so(page: Page):
    async with served(page, Fleet()) as url:
        await show(page, url)
        assert await text_of(page, "#empty") == "There are no VpnConnections yet."


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_fits_every_window(page: Page, width: int, theme: str):
    fleet = Fleet()
    fleet.put(maps.fleet(60, 6))
    async with served(page, fleet) as url:
        await page.emulate(prefers_color_scheme=theme)
        await show(page, url, width=width, height=900, mobile=width < 500)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        hidden = "[...document.querySelectorAll('.chip, .alert, .counter')].filter((node) => node.getBoundingClientRect().left < 0).length"
        assert await page.evaluate(hidden) == 0


async def test_who_wants_no_motion_gets_none(page: Page):
    fleet = Fleet()
    fleet.put(maps.small_fleet())
    moving = "document.getAnimations().filter((animation) => animation.playState === 'running').length"
    async with served(page, fleet) as url:
        await page.emulate(prefers_reduced_motion="reduce")
        await show(page, url)
        await page.until("document.querySelector('.wire.Changing')")
        assert await page.evaluate(moving) == 0
        await page.emulate(prefers_reduced_motion="no-preference")
        await page.until(f"{moving} > 0")


async def test_a_thousand_links_are_drawn_with_problems_in_full_and_the_rest_folded(page: Page):
    fleet = Fleet()
    fleet.put(maps.fleet(1000, 25))
    async with served(page, fleet) as url:
        await show(page, url)
        await page.until("document.querySelectorAll('#map .row').length === 25")
        problems = await page.evaluate("document.querySelectorAll('#map .chip.Problem').length")
        assert problems >= 40
        assert await page.evaluate("document.querySelectorAll('#map .chip.Well').length") == 0
        assert await page.evaluate("document.querySelectorAll('#map *').length") < 8000
        await page.evaluate("document.querySelector('.fold').click()")
        assert await page.evaluate("document.querySelectorAll('#map .chip.Well').length") > 20


async def test_every_control_has_a_name_and_every_id_is_there_once(page: Page):
    fleet = Fleet()
    fleet.put(maps.small_fleet())
    async with served(page, fleet) as url:
        await show(page, url)
        await page.evaluate("document.querySelector('.alert').click()")
        tree = (await page.call("Accessibility.getFullAXTree"))["nodes"]
        wanted = {"button", "searchbox", "combobox", "region", "table", "img", "link"}
        nameless = [
            node["role"]["value"]
            for node in tree
            if not node["ignored"] and node["role"]["value"] in wanted and not node.get("name", {}).get("value")
        ]
        assert nameless == []
        ids = await page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
        assert len(ids) == len(set(ids))
        headings = {
            node["name"]["value"] for node in tree if not node["ignored"] and node["role"]["value"] == "heading"
        }
        assert {"VPN map", "Look here first", "Rollouts", "Hub 1 gateway", "HubGW", "warehouse-lyon"} <= headings


@pytest.mark.parametrize("name", PICTURES)
async def test_the_pictures_of_the_documentation_can_be_drawn(page: Page, tmp_path: Path, name: str):
    """Not equal to those in docs/, since letters differ from machine to machine; but of the same width, and not of nothing."""
    objects, theme = PICTURES[name]
    await take(page, objects, theme, tmp_path / name)
    drawn, known = ((folder / name).read_bytes() for folder in (tmp_path, IMAGES))
    assert drawn[:24][16:20] == known[:24][16:20]
    assert len(drawn) > len(known) / 2
