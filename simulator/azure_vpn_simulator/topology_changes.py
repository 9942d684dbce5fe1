"""Documents merged into a topology, and a topology as a document without its secrets."""

from typing import Any

from pydantic import BaseModel

from azure_vpn_simulator.masking import MASK, SECRETS
from azure_vpn_simulator.topology import Topology

Document = dict[str, Any]
_NAMED_LISTS = {
    "subscriptions",
    "resourceGroups",
    "virtualNetworks",
    "virtualNetworkGateways",
    "localNetworkGateways",
    "connections",
    "workspaces",
    "diagnosticSettings",
    "principals",
    "tunnels",
}
_ROW_NAMES = ("id", "name", "index")
_REPLACED_WHOLE = {"tags", "addTags", "properties"}


def masked(topology: Topology) -> Document:
    """Return a topology as a document with every secret masked."""
    return topology.model_dump(mode="json", by_alias=True, context={"masked": True})


def merged(topology: Topology, changes: Document) -> Document:
    """Return a topology with changes, to be checked as a document is.

    Named things are found by name (subscriptions by id, tunnels of a device by index) and changed or added; other lists and values
    are replaced; masked secrets stay as they are; what is not mentioned stays. What has no change in it comes as the part that it
    was, which is not checked again: a change of one thing costs little however many others there are.
    """
    return _merged(topology, changes)


def _merged(old: BaseModel, new: Document) -> Document:
    result = {info.alias or name: getattr(old, name) for name, info in type(old).model_fields.items()}
    for name, value in new.items():
        before = result.get(name)
        if name in _NAMED_LISTS and isinstance(value, list) and isinstance(before, list):
            result[name] = _merged_rows(before, value)
        elif isinstance(value, dict) and isinstance(before, BaseModel) and name not in _REPLACED_WHOLE:
            result[name] = _merged(before, value)
        elif not (name in SECRETS and value == MASK):
            result[name] = value
    return result


def _merged_rows(old: list[BaseModel], new: list[Any]) -> list[Any]:
    rows: dict[str, Any] = {_row_name(row): row for row in old}
    for row in new:
        name = _row_name(row)
        before = rows.get(name)
        rows[name] = _merged(before, row) if isinstance(before, BaseModel) and isinstance(row, dict) else row
    return list(rows.values())


def _row_name(row: Any) -> str:
    if not isinstance(row, BaseModel | dict):
        return repr(row)
    for name in _ROW_NAMES:
        value = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
        if value is not None and value != "":
            return str(value).lower()
    return ""
