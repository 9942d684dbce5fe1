"""Reads shared by all resources: one document, or all pages of a list."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from azure_vpn_operator.arm.classify import ABSENT_CODES
from azure_vpn_operator.arm.session import ArmSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import UnreadableDocumentError
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Read, Unreadable

T = TypeVar("T")

_MOST_PAGES: Final = 1000
_READ_AT_ONCE: Final = 50
"""Items of a page that are read in one go: reading one takes up to half a millisecond, and others wait."""


async def get_one(
    session: ArmSession, url: str, *, subscription: str, resource: str, read: Callable[[object], T]
) -> Read[T]:
    """GET one document and read it; `read` raises `UnreadableDocumentError`."""
    answer = await session.send("GET", url, subscription=subscription, resource=resource)
    if isinstance(answer, Fault):
        return absent_or_unreadable(answer)
    try:
        return Present(read(answer.document))
    except UnreadableDocumentError as error:
        return _unreadable(str(error), answer.request_id)


async def get_all(
    session: ArmSession, url: str, *, subscription: str, resource: str, read: Callable[[object], T]
) -> Read[list[T]]:
    """GET a list, following its pages as long as they stay on the resource manager; all items or none."""
    found: list[T] = []
    seen: set[str] = set()
    next_url: str | None = url
    while next_url is not None:
        if next_url in seen or len(seen) >= _MOST_PAGES:
            return _unreadable("the pages of the list do not end")
        seen.add(next_url)
        answer = await session.send("GET", next_url, subscription=subscription, resource=resource)
        if isinstance(answer, Fault):
            return absent_or_unreadable(answer) if len(seen) == 1 else Unreadable(answer)
        try:
            items, next_url = _page(answer.document)
            for number, item in enumerate(items, 1):
                found.append(read(item))
                if number % _READ_AT_ONCE == 0:
                    await asyncio.sleep(0)
        except UnreadableDocumentError as error:
            return _unreadable(str(error), answer.request_id)
    return Present(found)


def absent_or_unreadable(fault: Fault) -> Absent | Unreadable:
    """Tell "it does not exist", which Azure says by a code, from every other failure."""
    return Absent() if is_absent(fault) else Unreadable(fault)


def is_absent(fault: Fault) -> bool:
    """Whether the fault says that the addressed resource or its group does not exist."""
    return fault.kind is FaultKind.NOT_FOUND and fault.code.lower() in ABSENT_CODES


def _page(document: object) -> tuple[list[Any], str | None]:
    if not isinstance(document, Mapping) or not isinstance(document.get("value"), list):
        raise UnreadableDocumentError("the answer is not a list")
    link = document.get("nextLink")
    if link is not None and not isinstance(link, str):
        raise UnreadableDocumentError("nextLink is not a text")
    return document["value"], link or None


def _unreadable(text: str, request_id: str = "") -> Unreadable:
    return Unreadable(Fault(FaultKind.UNREADABLE, "UnexpectedDocument", f"Not understood: {text}.", None, request_id))
