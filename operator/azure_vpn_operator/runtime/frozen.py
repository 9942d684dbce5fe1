"""JSON documents that nobody can change by accident.

The frozen forms are subclasses of dict and list: they compare equal to plain ones, and `json` and pydantic take them.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

from typing_extensions import override

Document: TypeAlias = Mapping[str, Any]


def freeze(value: Any) -> Any:
    """Return a deep copy that refuses changes; mappings become dicts, lists and tuples become lists, the rest stays."""
    if isinstance(value, FrozenDict | FrozenList):
        return value
    if isinstance(value, Mapping):
        return FrozenDict((key, freeze(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return FrozenList(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """Return a deep copy out of plain dicts and lists that may be changed."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value


def _refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise TypeError("this document is frozen: thaw() a copy to change it")


class FrozenDict(dict[str, Any]):
    """A dict that raises TypeError on every change."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse  # type: ignore[assignment,unused-ignore]
    clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment,unused-ignore]

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        copied: dict[str, Any] = thaw(self)
        return copied

    @override
    def copy(self) -> dict[str, Any]:
        """Return a shallow copy that is a plain dict."""
        return dict(self)


class FrozenList(list[Any]):
    """A list that raises TypeError on every change."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse  # type: ignore[assignment,unused-ignore]
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse  # type: ignore[assignment,unused-ignore]

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        copied: list[Any] = thaw(self)
        return copied

    @override
    def copy(self) -> list[Any]:
        """Return a shallow copy that is a plain list."""
        return list(self)
