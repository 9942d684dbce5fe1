"""The pictures of the status page in the documentation: `PYTHONPATH=hack:tests .venv/bin/python -m support.pictures` draws them anew."""

import asyncio
from pathlib import Path
from typing import Any, Final

from support.cases import maps
from support.world.browser import Page, open_browser
from support.world.status_page import Fleet, served

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
PICTURES: Final = {
    "status-page-10.png": (maps.small_fleet(), "light"),
    "status-page-200.png": (maps.fleet(200, 20), "light"),
}
"""Name of the file, objects, and the theme."""


async def take(page: Page, objects: list[dict[str, Any]], theme: str, file: Path) -> None:
    """Write a picture of the whole page that shows these objects."""
    fleet = Fleet()
    fleet.put(objects)
    async with served(page, fleet) as url:
        await page.set_time(maps.NOW)
        await page.emulate(prefers_color_scheme=theme, prefers_reduced_motion="reduce")
        await page.open(url, width=1440, height=900)
        await page.until("document.querySelector('#map .wires .wire')")
        await page.picture(file, most_height=1500)


async def _main() -> None:
    async with open_browser() as open_page:
        for name, (objects, theme) in PICTURES.items():
            await take(await open_page(), objects, theme, IMAGES / name)


if __name__ == "__main__":
    asyncio.run(_main())
