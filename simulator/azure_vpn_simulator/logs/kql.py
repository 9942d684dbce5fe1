"""The part of the Kusto Query Language that is played: one table, then where, extend, project, top, take, sort and partition.

What is not understood is refused as Log Analytics refuses it. Values are texts and dates.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, NamedTuple

Row = dict[str, Any]
Expression = Callable[[Row], Any]
Step = Callable[[list[Row]], list[Row]]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd](?!\w))?"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>==|=~|!=|!~|>=|<=|[|(),=<>]))"""
)
_DATETIME = re.compile(r"datetime\(\s*([0-9T:.Z +-]+?)\s*\)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OCTETS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_DEEPEST = 20


class KqlError(Exception):
    """A query that is refused; `code` is Kusto's, such as SYN0002."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Token(NamedTuple):
    kind: str
    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Table:
    """What a query answers: the columns in order, each with its type, and the rows."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]


def run(query: str, tables: dict[str, tuple[dict[str, str], Iterable[Row]]], now: datetime) -> Table:
    """Answer a query; `tables` has the columns with their types, and the rows, by name. Raises `KqlError`."""
    return _Query(query, tables, now).run()


def read_timespan(text: object, now: datetime) -> tuple[datetime, datetime] | None:
    """Read the `timespan` of a request into both its ends; None if it has none. Raises `KqlError`."""
    if text is None:
        return None
    start, _, end = str(text).rpartition("/")
    if not start:
        return now - _duration(end), now
    begins = _moment(start)
    return begins, begins + _duration(end) if end.startswith("PT") else _moment(end)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", text)
    if found is None:
        raise KqlError("SYN0002", f"only time spans in seconds are played, not '{text[:40]}'")
    return timedelta(seconds=float(found[1]))


class _Query:
    def __init__(self, query: str, tables: dict[str, tuple[dict[str, str], Iterable[Row]]], now: datetime) -> None:
        self._tokens = _tokens(query)
        self._next = 0
        self._now = now
        self._tables = tables
        self._columns: dict[str, str] = {}
        self._depth = 0

    def run(self) -> Table:
        name = self._take("name")
        if name not in self._tables:
            raise KqlError("SEM0100", f"'where' operator: Failed to resolve table or column expression named '{name}'")
        columns, source = self._tables[name]
        self._columns, found = dict(columns), list(source)
        while not self._at_end():
            self._sign("|")
            found = self._step()(found)
        rows = [[_shown(row.get(column, "")) for column in self._columns] for row in found]
        return Table(list(self._columns), list(self._columns.values()), rows)

    # -- operators

    def _step(self) -> Step:
        operator = self._take("name")
        match operator:
            case "where":
                test = self._expression()
                return lambda rows: [row for row in rows if test(row)]
            case "extend":
                return self._extend(self._assignments())
            case "project":
                return self._project()
            case "take" | "limit":
                number = int(self._take("number"))
                return lambda rows: rows[:number]
            case "top":
                number = int(self._take("number"))
                ordered = self._order()
                return lambda rows: ordered(rows)[:number]
            case "sort" | "order":
                return self._order()
            case "partition":
                return self._partition()
            case _:
                raise self._unexpected(self._tokens[self._next - 1])

    def _extend(self, made: list[tuple[str, Expression, str]]) -> Step:
        self._columns |= {name: type_ for name, _, type_ in made}
        return lambda rows: [row | {name: value(row) for name, value, _ in made} for row in rows]

    def _project(self) -> Step:
        made = self._assignments()
        self._columns = {name: type_ for name, _, type_ in made}
        return lambda rows: [{name: value(row) for name, value, _ in made} for row in rows]

    def _partition(self) -> Step:
        self._word("by")
        column = self._take("name")
        if column not in self._columns:
            raise KqlError("SEM0100", f"Failed to resolve column or scalar expression named '{column}'")
        self._sign("(")
        steps = [self._step()]
        while self._peek().value == "|":
            self._next += 1
            steps.append(self._step())
        self._sign(")")

        def run_each(rows: list[Row]) -> list[Row]:
            parts: dict[Any, list[Row]] = {}
            for row in rows:
                parts.setdefault(row.get(column, ""), []).append(row)
            return [row for part in parts.values() for row in reduce(lambda found, step: step(found), steps, part)]

        return run_each

    def _assignments(self) -> list[tuple[str, Expression, str]]:
        made = []
        while True:
            first = self._peek()
            if self._peek(1).value == "=" and first.kind == "name":
                self._next += 2
                name = str(first.value)
            else:
                name = str(first.value)
            type_ = self._columns.get(str(self._peek().value), "string")
            made.append((name, self._value(), type_))
            if self._peek().value != ",":
                return made
            self._next += 1

    def _order(self) -> Step:
        self._word("by")
        by = self._value()
        down = True
        if self._peek().value in {"asc", "desc"}:
            down = self._take("name") == "desc"
        return lambda rows: sorted(rows, key=by, reverse=down)

    # -- expressions

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise KqlError("SYN0001", "the query is nested too deeply")
        left = self._conjunction()
        while self._peek().value == "or" and self._peek().kind == "name":
            self._next += 1
            left = _either(left, self._conjunction())
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        left = self._comparison()
        while self._peek().value == "and" and self._peek().kind == "name":
            self._next += 1
            left = _both(left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        if self._peek().value == "(" and self._peek().kind == "sign":
            self._next += 1
            inner = self._expression()
            self._sign(")")
            return inner
        left = self._value()
        operator = self._peek()
        if operator.kind == "name" and operator.value == "in":
            self._next += 1
            values = self._arguments()
            return lambda row: left(row) in [value(row) for value in values]
        compare = _COMPARISONS.get(str(operator.value)) if operator.kind in {"sign", "name"} else None
        if compare is None:
            return left
        self._next += 1
        right = self._value()
        return lambda row: compare(left(row), right(row))

    def _value(self) -> Expression:
        token = self._peek()
        self._next += 1
        if token.kind in {"text", "datetime", "timespan"}:
            constant = token.value
            return lambda _row: constant
        if token.kind != "name":
            raise self._unexpected(token)
        name = str(token.value)
        if self._peek().value == "(" and self._peek().kind == "sign":
            return self._call(name, token)
        if name not in self._columns:
            raise KqlError("SEM0100", f"Failed to resolve column or scalar expression named '{name}'")
        return lambda row: row.get(name, "")

    def _call(self, name: str, token: _Token) -> Expression:
        if name == "column_ifexists":
            self._sign("(")
            column = str(self._take("text"))
            self._sign(",")
            other = self._value()
            self._sign(")")
            known = column in self._columns
            return (lambda row: row.get(column, "")) if known else other
        arguments = self._arguments()
        match name, len(arguments):
            case "tolower", 1:
                return lambda row: str(arguments[0](row)).lower()
            case "ago", 1:
                return lambda row: self._now - arguments[0](row)
            case "has_any_ipv4", count if count > 1:
                return lambda row: _has_any_ipv4(arguments[0](row), [value(row) for value in arguments[1:]])
            case _:
                raise KqlError("SEM0260", f"Unknown function: '{name}' at {token.at}")

    def _arguments(self) -> list[Expression]:
        self._sign("(")
        found = [self._value()]
        while self._peek().value == ",":
            self._next += 1
            found.append(self._value())
        self._sign(")")
        return found

    # -- tokens

    def _peek(self, ahead: int = 0) -> _Token:
        position = self._next + ahead
        return self._tokens[position] if position < len(self._tokens) else _Token("end", "", -1)

    def _at_end(self) -> bool:
        return self._next >= len(self._tokens)

    def _take(self, kind: str) -> Any:
        token = self._peek()
        if token.kind != kind:
            raise self._unexpected(token)
        self._next += 1
        return token.value

    def _sign(self, sign: str) -> None:
        token = self._peek()
        if token.kind != "sign" or token.value != sign:
            raise self._unexpected(token)
        self._next += 1

    def _word(self, word: str) -> None:
        if self._take("name") != word:
            raise self._unexpected(self._tokens[self._next - 1])

    @staticmethod
    def _unexpected(token: _Token) -> KqlError:
        return KqlError("SYN0002", f"Query could not be parsed at '{token.value}' on position {token.at}")


def _tokens(query: str) -> list[_Token]:
    found, at = [], 0
    text = query.rstrip()
    while at < len(text):
        moment = _DATETIME.match(text, at) or _DATETIME.match(text, at + len(text[at:]) - len(text[at:].lstrip()))
        if moment is not None:
            found.append(_Token("datetime", _moment(moment[1]), moment.start()))
            at = moment.end()
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise KqlError("SYN0002", f"Query could not be parsed at '{text[at : at + 10]}' on position {at}")
        found.append(_token(token))
        at = token.end()
    return found


def _token(found: re.Match[str]) -> _Token:
    kind = "number" if found["number"] else str(found.lastgroup)
    if kind == "text":
        return _Token(kind, re.sub(r"\\(.)", r"\1", found["text"][1:-1]), found.start())
    if kind == "number" and found["unit"]:
        return _Token("timespan", timedelta(seconds=float(found["number"]) * _UNITS[found["unit"]]), found.start())
    return _Token(kind, found[kind], found.start())


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise KqlError("SYN0002", f"Query could not be parsed at '{text}'") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _either(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) or bool(right(row))


def _both(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) and bool(right(row))


def _has(text: Any, term: Any) -> bool:
    return re.search(rf"(?<!\w){re.escape(str(term))}(?!\w)", str(text), re.IGNORECASE) is not None


def _has_any_ipv4(text: Any, addresses: Sequence[Any]) -> bool:
    wanted = {ipaddress.IPv4Address(str(address)) for address in addresses}
    return any(ipaddress.IPv4Address(found) in wanted for found in _OCTETS.findall(str(text)) if _is_address(found))


def _is_address(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "=~": lambda a, b: str(a).lower() == str(b).lower(),
    "!~": lambda a, b: str(a).lower() != str(b).lower(),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    "has": _has,
    "contains": lambda a, b: str(b).lower() in str(a).lower(),
}


def _shown(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
