"""The page's own small web site: what it answers, and what it refuses.

It reads only, so a foreign page can make nothing happen here. What it must not get is the content: by a name that it lets point to this
address (DNS rebinding), by a frame, or by including something of it.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from azure_vpn_operator.status_page.assets import Asset, load_assets
from azure_vpn_operator.status_page.publisher import Publisher

MAP_PATH: Final = "/map.json"
MOST_VIEWERS: Final = 32
"""So many may wait for the map at a time; browsers do so only while their page is visible."""
LONGEST_WAIT_SECONDS: Final = 25.0
"""Shorter than what proxies usually allow an answer to take."""
RETRY_SECONDS: Final = 10
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        # No text can become HTML or script, whatever is in it: there is no policy by which it could.
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def build_site(publisher: Publisher, hosts: Collection[str]) -> web.Application:
    """The site. It answers to `localhost` and to addresses, and to no other names but those of `hosts`."""
    site = _Site(publisher)
    app = web.Application(middlewares=[_guard(frozenset(host.lower() for host in hosts))])
    app.add_routes([web.get(path, _serve(asset)) for path, asset in load_assets().items()])
    app.router.add_get(MAP_PATH, site.serve_map)

    async def end(_: web.Application) -> None:
        publisher.end()

    app.on_shutdown.append(end)
    return app


def is_allowed_host(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names this site.

    A name that somebody else owns may be made to point here, and his pages then count as ours; with an address that cannot be.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    if name.lower() in {"localhost", *names}:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _guard(hosts: Collection[str]) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_allowed_host(request.headers.get("Host", ""), hosts):
            refused = web.Response(
                status=421, text="This name is not one of --status-page-hosts. Addresses and localhost always work.\n"
            )
            refused.headers.update(HEADERS)
            return refused
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f"{error.status}: {error.reason}\n")
            if error.status == 405:
                response.headers["Allow"] = error.headers.get("Allow", "GET,HEAD")
        response.headers.update(HEADERS)
        return response

    return guard


def _serve(asset: Asset) -> Handler:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(body=asset.body, headers={"Content-Type": asset.content_type})

    return respond


class _Site:
    """Serves the map, to a limited number at a time."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._viewers = 0

    async def serve_map(self, request: web.Request) -> web.StreamResponse:
        """The map; with the ETag of one that is known, and `?wait`, not before there is another one, or 304 in the end."""
        if self._viewers >= MOST_VIEWERS:
            return web.Response(
                status=503, headers={"Retry-After": str(RETRY_SECONDS)}, text="Too many look at this page.\n"
            )
        known = request.headers.get("If-None-Match", "")
        wait = LONGEST_WAIT_SECONDS if "wait" in request.query else 0.0
        self._viewers += 1
        try:
            edition = await self._publisher.edition(known, wait)
        finally:
            self._viewers -= 1
        headers = {"ETag": edition.etag, "Vary": "Accept-Encoding"}
        if edition.etag == known:
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = "application/json"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=edition.packed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=edition.body, headers=headers)
