"""Every version of our objects that the API server ever showed: what a GitOps tool might have looked at, also if only for a moment.

When a CRD is changed the server forgets what was before: then all objects are listed anew, as any client has to.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient

from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, call

Document = dict[str, Any]
POLL_SECONDS = 0.1
_PLURALS = ("vpnconnections", "ipsecpolicies")
_WATCH_SECONDS = 20
_NOWHERE = ""
_PASSING = {404, 429, 500, 503, 504}
"""What a server answers for a moment while it takes up a changed CRD, or has no time."""


class Film:
    """Watches both kinds from a thread of its own, since the tests' event loops come and go."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._versions: list[Document] = []
        self._gaps: list[str] = []
        self._places: dict[str, str] = {}
        self._begun = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch_all()), name="film")

    @classmethod
    @contextmanager
    def running(cls, plane: ControlPlane) -> Iterator["Film"]:
        """A film that runs while the block lasts; once it has begun nothing is missed, and what was seen stays."""
        film = cls(plane)
        film._thread.start()
        try:
            assert film._begun.wait(30), "the film did not begin"
            yield film
        finally:
            film._over.set()
            film._thread.join()

    def versions(self) -> list[Document]:
        """All versions so far, without managedFields; those of one object are in order."""
        assert not self._gaps, self._gaps
        return list(self._versions)

    async def take(
        self, is_so: Callable[[Document], bool], namespace: str, name: str, kind: str, *, seconds: float = 90.0
    ) -> Document:
        """The first version of the object (or of any, without a name) that is so; fails with what there was instead."""
        deadline = time.monotonic() + seconds
        while True:
            mine = [document for document in self.versions() if _is(document, kind, namespace, name)]
            found = next((document for document in mine if is_so(document)), None)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                last = json.dumps(mine[-1].get("status"), indent=1) if mine else "nothing"
                raise AssertionError(f"{kind} {name} was not so in {seconds:g} s; at last it was:\n{last}")
            await asyncio.sleep(POLL_SECONDS)

    async def _watch_all(self) -> None:
        async with self._plane.client() as admin:
            for plural in _PLURALS:
                self._places[plural] = await self._list(admin, plural)
            self._begun.set()
            tasks = [asyncio.create_task(self._keep_watching(admin, plural)) for plural in _PLURALS]
            await asyncio.to_thread(self._over.wait)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # A TLS connection needs the loop for a moment more to close.
        await asyncio.sleep(0.25)

    async def _keep_watching(self, admin: ApiClient, plural: str) -> None:
        """From one place to the next: a changed CRD, for one, ends the watch, and nothing may be missed by that."""
        while True:
            try:
                if self._places[plural] == _NOWHERE:
                    self._places[plural] = await self._list(admin, plural)
                await self._watch(admin, plural)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(POLL_SECONDS)
            except ApiError as error:
                if error.status == 410:
                    self._places[plural] = _NOWHERE
                elif error.status not in _PASSING:
                    self._gaps.append(repr(error))
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def _list(self, admin: ApiClient, plural: str) -> str:
        """Take all objects as they are; returns the place to watch from."""
        found = await call(admin, "GET", f"/apis/azvpn.dev/v1alpha1/{plural}")
        for item in found["items"]:
            self._take_up(item)
        return str(found["metadata"]["resourceVersion"])

    async def _watch(self, admin: ApiClient, plural: str) -> None:
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={_WATCH_SECONDS}"
        method, url, headers, body, _ = await admin.param_serialize(
            "GET",
            f"/apis/azvpn.dev/v1alpha1/{plural}?{query}&resourceVersion={self._places[plural]}",
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        answer = await admin.call_api(method, url, headers, body, _request_timeout=_WATCH_SECONDS + 10)
        rest = b""
        async with answer.response:
            if answer.status != 200:
                raise ApiError(answer.status, str(answer.reason), "the watch was refused")
            async for part in answer.response.content.iter_any():
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    self._note(json.loads(line), plural)

    def _note(self, event: Document, plural: str) -> None:
        shown: Document = event["object"]
        if event["type"] == "ERROR":
            raise ApiError(shown["code"], shown["reason"], shown["message"])
        if event["type"] != "BOOKMARK":
            self._take_up(shown)
        self._places[plural] = str(shown["metadata"]["resourceVersion"])

    def _take_up(self, shown: Document) -> None:
        shown["metadata"].pop("managedFields", None)
        self._versions.append(shown)


def _is(document: Document, kind: str, namespace: str, name: str) -> bool:
    metadata = document["metadata"]
    return (document["kind"], metadata["namespace"]) == (kind, namespace) and name in {"", metadata["name"]}
