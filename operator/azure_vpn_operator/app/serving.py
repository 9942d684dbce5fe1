"""The operator's own HTTP endpoints: /healthz and /readyz for the kubelet, /metrics for Prometheus, and the status page for people."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

Reasons = Callable[[], tuple[str, ...]]
"""What is wrong, in words; empty if all is well."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Metrics = Callable[[str, Sequence[str]], Awaitable[tuple[bytes, str]]]
"""From an Accept header, and the names of series (none: all), to body and content type."""


def split_address(address: str) -> tuple[str, int]:
    """`host:port`, `:port` or `[v6]:port`; raises `ValueError` with the address for anything else."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"not an address of the form host:port: {address}")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 (an absent host means all of them)


class Endpoint:
    """One listening address."""

    def __init__(self, address: str, app: web.Application) -> None:
        self._host, self._port = split_address(address)
        self._app = app
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port."""
        # Whoever has gone away need not be answered.
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()


def _routes(routes: dict[str, Handler]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    return app


def probe_endpoint(address: str, unhealthy: Reasons, unready: Reasons) -> Endpoint:
    """The probes: 200 with `ok`, or 503 with what is wrong, a line each."""

    def answer(reasons: Reasons) -> Handler:
        async def respond(_: web.Request) -> web.StreamResponse:
            wrong = reasons()
            return web.Response(status=503 if wrong else 200, text="\n".join(wrong) + "\n" if wrong else "ok\n")

        return respond

    return Endpoint(address, _routes({"/healthz": answer(unhealthy), "/readyz": answer(unready)}))


def metrics_endpoint(address: str, render: Metrics) -> Endpoint:
    """Prometheus' endpoint; with `name[]=` in the query, as often as wanted, only the series of these names."""

    async def respond(request: web.Request) -> web.StreamResponse:
        body, content_type = await render(request.headers.get("Accept", ""), request.query.getall("name[]", []))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return Endpoint(address, _routes({"/metrics": respond}))
