"""Asks a real API server for its verdict about objects, one after the other, without keeping them."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.aio.client import ApiClient

from support.cases.objects import Document
from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, call

_PLURALS = {"IpsecPolicy": "ipsecpolicies", "VpnConnection": "vpnconnections"}


@dataclass(frozen=True)
class Answer:
    """What the server says about one object."""

    refusal: str | None
    """Its words, None if it takes the object."""

    @property
    def rules(self) -> set[str]:
        """Ids of our rules that it names."""
        return set(re.findall(r"\[([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\](?=,|\]|$)", self.refusal or ""))

    @property
    def is_complete(self) -> bool:
        """Whether it looked at our rules at all: it does not while values have wrong types, sizes or names."""
        return "some validation rules were not checked" not in (self.refusal or "")


class ApiServer:
    """The server, for synchronous tests; every object goes into one namespace."""

    def __init__(self, runner: asyncio.Runner, client: ApiClient, namespace: str) -> None:
        self._runner = runner
        self._client = client
        self._namespace = namespace

    def try_create(self, document: Document) -> Answer:
        """Ask whether the object could be created."""
        return self._ask("POST", self._path(document), document, dry_run=True)

    def create(self, document: Document, status: Document | None = None) -> Document:
        """Create an object, with a status if one is given, and return it as it is stored."""
        stored = self._call("POST", self._path(document), document)
        if status is None:
            return stored
        return self._call(
            "PUT", f"{self._path(document)}/{stored['metadata']['name']}/status", {**stored, "status": status}
        )

    def delete(self, stored: Document) -> None:
        """Delete a stored object."""
        self._call("DELETE", f"{self._path(stored)}/{stored['metadata']['name']}", {})

    def try_update(self, stored: Document, document: Document) -> Answer:
        """Ask whether a stored object could be replaced."""
        metadata = {**document["metadata"], "resourceVersion": stored["metadata"]["resourceVersion"]}
        body = {**document, "metadata": {**metadata, "namespace": self._namespace}}
        return self._ask("PUT", f"{self._path(document)}/{metadata['name']}", body, dry_run=True)

    def try_status(self, stored: Document, status: Document) -> Answer:
        """Ask whether a stored object could have this status."""
        path = f"{self._path(stored)}/{stored['metadata']['name']}/status"
        return self._ask("PUT", path, {**stored, "status": status}, dry_run=True)

    def print_table(self, plural: str, query: dict[str, str]) -> Document:
        """Return what kubectl would print of the namespace's objects."""
        return self._runner.run(self._print_table(plural, query))

    async def _print_table(self, plural: str, query: dict[str, str]) -> Document:
        method, url, headers, body, _ = await self._client.param_serialize(
            "GET",
            f"/apis/azvpn.dev/v1alpha1/namespaces/{self._namespace}/{plural}",
            query_params=list(query.items()),
            header_params={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
            auth_settings=["BearerToken"],
        )
        response = await self._client.call_api(method, url, headers, body)
        return dict(json.loads(await response.read()))

    def discover(self) -> list[Document]:
        """Return the kinds of the API group."""
        return list(self._runner.run(call(self._client, "GET", "/apis/azvpn.dev/v1alpha1"))["resources"])

    def _path(self, document: Document) -> str:
        return f"/apis/azvpn.dev/v1alpha1/namespaces/{self._namespace}/{_PLURALS[document['kind']]}"

    def _ask(self, method: str, path: str, document: Document, *, dry_run: bool) -> Answer:
        try:
            self._call(method, path, document, dryRun="All" if dry_run else "")
        except ApiError as error:
            if error.status != 422:
                raise
            return Answer(error.message)
        return Answer(None)

    def _call(self, method: str, path: str, document: Document, **query: str) -> Document:
        body: dict[str, Any] = document
        if isinstance(document.get("metadata"), dict):
            body = {**document, "metadata": {**document["metadata"], "namespace": self._namespace}}
        return self._runner.run(call(self._client, method, path, body=body, query=query))


@contextmanager
def open_api_server(control_plane: ControlPlane, namespace: str) -> Iterator[ApiServer]:
    """Open a connection to the server, and make the namespace."""
    with asyncio.Runner() as runner:
        context = control_plane.client()
        client = runner.run(context.__aenter__())
        try:
            runner.run(control_plane.create_namespace(namespace))
            yield ApiServer(runner, client, namespace)
        finally:
            runner.run(context.__aexit__(None, None, None))
