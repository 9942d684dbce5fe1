"""The status page of the whole system: what happens in Azure is seen in the browser, and nothing is seen that must not be."""

from typing import Any

import aiohttp

from support.world.browser import Page, open_browser
from support.world.tenant import Tenant
from support.world.topology import KEY


async def map_of(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as web, web.get(f"{url}/map.json") as answer:
        drawn: dict[str, Any] = await answer.json()
        return drawn


async def show(page: Page, tenant: Tenant) -> str:
    """Open the page and look for this test's namespace, as other tests run beside it; returns what finds the connection's chip."""
    await page.open(tenant.stack.status_page)
    await page.until("document.querySelector('#live[data-state=live]')")
    await page.press("/")
    for key in tenant.namespace:
        await page.press(key)
    chip = f'#map .chip[data-link="{tenant.namespace}/c1"]'
    await page.until(f"document.querySelector('{chip}.tunnel-Up')")
    return chip


async def test_a_device_that_fails_is_seen_without_a_reload(tenant: Tenant):
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    await tenant.until(lambda found: found["status"]["summary"].get("tunnel") == "1/1")
    async with open_browser() as tab:
        page = await tab()
        chip = await show(page, tenant)
        await page.evaluate("window.loaded = 'once'")
        await tenant.change_topology({"name": "site-1", "device": {"outage": True}})
        await page.until(f"document.querySelector('{chip}.tunnel-Down')")
        await page.until(f"document.querySelector('.alert[data-link=\"{tenant.namespace}/c1\"]')")
        await tenant.change_topology({"name": "site-1", "device": {"outage": False}})
        await page.until(f"document.querySelector('{chip}.tunnel-Up')")
        assert await page.evaluate("window.loaded") == "once"
        assert page.errors == []


async def test_the_map_shows_no_key_and_no_token(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    drawn = await map_of(tenant.stack.status_page)
    assert f"{tenant.namespace}/c1" in {link["id"] for link in drawn["links"]}
    text = str(drawn)
    assert KEY not in text
    assert tenant.stack.azure.environment["AZURE_CLIENT_SECRET"] not in text


async def test_a_replica_that_stands_by_shows_the_same_and_says_that_it_does(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    replica = await tenant.stack.start_replica("standby", {"AZVPN_LEADER_ELECTION": "true"})
    try:
        own = f"http://127.0.0.1:{replica.status_page_port}"

        async def is_the_same() -> bool:
            leader, standby = await map_of(tenant.stack.status_page), await map_of(own)
            assert (leader["facts"]["leads"], standby["facts"]["leads"]) == (True, False)
            mine = [
                [link for link in drawn["links"] if link["namespace"] == tenant.namespace]
                for drawn in (leader, standby)
            ]
            return bool(mine[0]) and mine[0] == mine[1]

        await tenant.eventually(is_the_same, what="both show the same")
    finally:
        await replica.process.stop()
