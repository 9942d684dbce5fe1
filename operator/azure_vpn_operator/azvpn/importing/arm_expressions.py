"""Expressions of ARM templates, as far as names and ids are made of them.

The grammar and the functions are those of Microsoft's reference of template functions; what is not known raises `UnknownExpressionError`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[(),.\[\]]))"
)


class UnknownExpressionError(ValueError):
    """The expression cannot be worked out from the file; the text says what of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions may refer to. Values of parameters and variables are worked out when they are asked for."""

    subscription: str
    resource_group: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """Return the value with all expressions in it worked out. Raises UnknownExpressionError."""
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {name: self.resolve(item) for name, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
            case _:
                return value

    def _text(self, text: str) -> Any:
        if not text.startswith("[") or not text.endswith("]"):
            return text
        if text.startswith("[["):
            return text[1:]
        return _Parser(text[1:-1], self).whole()


class _Parser:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self._tokens = list(self._split(text))
        self._next = 0

    def whole(self) -> Any:
        value = self._value()
        if self._next != len(self._tokens):
            raise UnknownExpressionError(self._text)
        return value

    def _split(self, text: str) -> Sequence[tuple[str, str]]:
        found, place = [], 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise UnknownExpressionError(text)
            found.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        return found

    def _take(self, sign: str | None = None) -> tuple[str, str]:
        if self._next >= len(self._tokens) or (sign is not None and self._tokens[self._next][1] != sign):
            raise UnknownExpressionError(self._text)
        self._next += 1
        return self._tokens[self._next - 1]

    def _sees(self, sign: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next] == ("sign", sign)

    def _value(self) -> Any:
        kind, token = self._take()
        match kind:
            case "text":
                value: Any = token[1:-1].replace("''", "'")
            case "number":
                value = int(token)
            case "name":
                value = self._call(token)
            case _:
                raise UnknownExpressionError(self._text)
        while self._sees(".") or self._sees("["):
            value = self._member(value)
        return value

    def _member(self, value: Any) -> Any:
        if self._take()[1] == ".":
            key: Any = self._take()[1]
        else:
            key = self._value()
            self._take("]")
        try:
            return self._scope.resolve(value[key])
        except (KeyError, IndexError, TypeError):
            raise UnknownExpressionError(self._text) from None

    def _call(self, name: str) -> Any:
        self._take("(")
        arguments: list[Any] = []
        while not self._sees(")"):
            if arguments:
                self._take(",")
            arguments.append(self._value())
        self._take(")")
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise UnknownExpressionError(f"the function {name} in {self._text}")
        try:
            return function(self._scope, *arguments)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            if isinstance(error, UnknownExpressionError):
                raise
            raise UnknownExpressionError(self._text) from None


def _parameter(scope: Scope, name: str) -> Any:
    if name not in scope.parameters:
        raise UnknownExpressionError(f"the parameter {name}, which has no value: name a parameter file (--parameters)")
    return scope.resolve(scope.parameters[name])


def _variable(scope: Scope, name: str) -> Any:
    if name not in scope.variables:
        raise UnknownExpressionError(f"the variable {name}")
    return scope.resolve(scope.variables[name])


def _resource_id(scope: Scope, *parts: str) -> str:
    """`resourceId([subscription], [group], type, name, …)`: the type is the first part with a slash."""
    first = next(index for index, part in enumerate(parts) if "/" in part)
    places = [scope.subscription, scope.resource_group]
    if first:
        places[2 - first :] = parts[:first]
    provider, *types = parts[first].split("/")
    names = parts[first + 1 :]
    if len(types) != len(names):
        raise ValueError(parts[first])
    path = "".join(f"/{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return f"/subscriptions/{places[0]}/resourceGroups/{places[1]}/providers/{provider}{path}"


def _format(_: Scope, pattern: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: str(values[int(match[1])]), pattern)


def _concat(_: Scope, *values: Any) -> Any:
    return [item for value in values for item in value] if isinstance(values[0], list) else "".join(map(str, values))


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "parameters": _parameter,
    "variables": _variable,
    "resourceid": _resource_id,
    "concat": _concat,
    "format": _format,
    "tolower": lambda _, text: text.lower(),
    "toupper": lambda _, text: text.upper(),
    "createarray": lambda _, *items: list(items),
    "createobject": lambda _, *items: dict(zip(items[::2], items[1::2], strict=True)),
    "true": lambda _: True,
    "false": lambda _: False,
    "null": lambda _: None,
    "if": lambda _, condition, yes, no: yes if condition else no,
    "resourcegroup": lambda scope: {"name": scope.resource_group, "location": ""},
    "subscription": lambda scope: {"subscriptionId": scope.subscription},
}
