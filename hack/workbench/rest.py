"""JSON calls to an API server for one identity, over the official client's connection handling."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kubernetes.aio import client as kubernetes_client
from kubernetes.aio import config as kubernetes_config

Document = dict[str, Any]
"""A Kubernetes object, list or Status as JSON."""


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, `reason` and the text are the server's own words."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


@asynccontextmanager
async def connect(kubeconfig: Path) -> AsyncIterator[kubernetes_client.ApiClient]:
    """Open a client of the official library (kubernetes.aio) with the identity that the kubeconfig names."""
    api_client = await kubernetes_config.new_client_from_config(config_file=str(kubeconfig), persist_config=False)
    async with api_client:
        yield api_client


async def call(
    api_client: kubernetes_client.ApiClient,
    method: str,
    path: str,
    *,
    body: Document | list[Document] | None = None,
    query: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    timeout_seconds: float = 10.0,
) -> Document:
    """Send one request and return the answer's JSON (an empty object if it has none).

    Raises ApiError for any status of 400 and above, and aiohttp's errors when there is no answer at all.
    """
    content = await fetch(
        api_client, method, path, body=body, query=query, content_type=content_type, timeout_seconds=timeout_seconds
    )
    return dict(_parse(content))


async def fetch(
    api_client: kubernetes_client.ApiClient,
    method: str,
    path: str,
    *,
    body: Document | list[Document] | None = None,
    query: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    timeout_seconds: float = 10.0,
) -> bytes:
    """The same, with the answer as it is, of whatever type."""
    method, url, headers, payload, _ = await api_client.param_serialize(
        method,
        path,
        query_params=list((query or {}).items()),
        header_params={"Accept": "application/json", "Content-Type": content_type},
        body=body,
        auth_settings=["BearerToken"],
    )
    response = await api_client.call_api(method, url, headers, payload, _request_timeout=timeout_seconds)
    content: bytes = await response.read()
    if response.status >= 400:
        answer = _parse(content)
        raise ApiError(response.status, answer.get("reason", response.reason), answer.get("message", ""))
    return content


def _parse(content: bytes) -> Document:
    try:
        answer: Document = json.loads(content) if content else {}
    except ValueError:
        return {"message": content.decode(errors="replace")}
    return answer
