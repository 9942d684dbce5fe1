"""Copies of JSON documents, so that nobody changes what somebody else has."""

import json
from collections.abc import Mapping
from typing import Any


def copied(document: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy by way of its text, as it would go over the wire; much faster than `copy.deepcopy`."""
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found
