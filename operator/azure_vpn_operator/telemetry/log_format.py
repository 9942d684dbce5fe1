"""How a log line looks: one JSON object per line, or a line for people; never with a registered secret."""

import contextlib
import json
import logging
import math
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO, TypeAlias

from typing_extensions import override

from azure_vpn_operator.telemetry.log_context import current_log_context
from azure_vpn_operator.telemetry.redaction import SecretRegistry

LogFormat: TypeAlias = Literal["json", "text"]

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# kopf hangs its settings and a switch onto every record of its object loggers.
_NOISE = frozenset({"settings", "k8s_skip"})
# Keys of the line itself, which no extra may take.
_OWN_KEYS = frozenset({"ts", "level", "msg", "logger", "exc_info", "stack_info"})

# The least level of libraries, whatever is asked for: below it they write a line per probe, event or request, and some write
# headers and bodies (azure-core's policies, the Kubernetes client's REST layer), Secrets among them.
_LIBRARY_LEVELS = {
    "aiohttp": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "azure": logging.WARNING,
    "azure.core.pipeline.policies": logging.WARNING,
    "azure.core.pipeline.policies.http_logging_policy": logging.WARNING,
    "azure.identity": logging.WARNING,
    "kopf": logging.INFO,
    "kopf.objects": logging.WARNING,
    "kubernetes": logging.WARNING,
    "msal": logging.WARNING,
    "urllib3": logging.WARNING,
}


def configure_logging(
    level: str, log_format: LogFormat, secrets: SecretRegistry, *, stream: TextIO | None = None
) -> None:
    """Send everything that is logged to the stream (default: standard error), redacted, in this format.

    `level` (DEBUG, INFO, WARNING, ERROR; any case) is that of the program; libraries keep to their own least level.
    Warnings and exceptions that nobody caught come out the same way. Calling it again replaces the earlier settings.
    An unknown level is a ValueError.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"unknown log level {level!r}")
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(secrets) if log_format == "json" else TextFormatter(secrets))
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(max(number, logging.INFO))
    logging.getLogger(__name__.partition(".")[0]).setLevel(number)
    for name, least in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(number, least))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _Handler(logging.StreamHandler[TextIO]):
    """Says that a line was lost; the standard handler would print its arguments as they are, past the redaction."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        kind = sys.exc_info()[0]
        where = f"{record.pathname}:{record.lineno}"
        with contextlib.suppress(OSError, ValueError):
            line = {"level": "error", "msg": "A log line could not be written", "where": where, "error": str(kind)}
            self.stream.write(json.dumps(line) + "\n")


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger(__name__).critical("The process ends by an exception", exc_info=(kind, error, traceback))


class JsonFormatter(logging.Formatter):
    """One JSON object per line.

    `ts` (RFC 3339, milliseconds, UTC), `level`, `msg`, `logger`, then the keys of the log context and of the call's
    `extra`, then `exc_info` and `stack_info` if there are any.
    """

    def __init__(self, secrets: SecretRegistry) -> None:
        """Take the values that must not come out."""
        super().__init__()
        self._secrets = secrets

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line end."""
        line: dict[str, Any] = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "msg": self._secrets.redact(_message(record)),
            "logger": record.name,
        }
        line.update(_redacted(_keys(record), self._secrets))
        if record.exc_info:
            line["exc_info"] = self._secrets.redact(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack_info"] = self._secrets.redact(self.formatStack(record.stack_info))
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """A line for a terminal: time, level, message, keys; a traceback on lines of its own."""

    def __init__(self, secrets: SecretRegistry) -> None:
        """Take the values that must not come out."""
        super().__init__()
        self._secrets = secrets

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the text, without a line end."""
        keys = " ".join(f"{key}={_quoted(value)}" for key, value in _redacted(_keys(record), self._secrets).items())
        message = _on_one_line(self._secrets.redact(_message(record)))
        text = f"{_timestamp(record)} {record.levelname:<7} {message}" + (f"  {keys}" if keys else "")
        if record.exc_info:
            text += "\n" + self._secrets.redact(self.formatException(record.exc_info))
        if record.stack_info:
            text += "\n" + self._secrets.redact(self.formatStack(record.stack_info))
        return text


def _timestamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        # A wrong placeholder must not lose the line, nor print its arguments past the redaction as logging would.
        return f"{record.msg} [arguments do not fit: {error}] {record.args}"


def _keys(record: logging.LogRecord) -> dict[str, Any]:
    extra = {key: value for key, value in vars(record).items() if key not in _STANDARD_ATTRIBUTES | _NOISE}
    keys = {**current_log_context(), **extra}
    return {f"{key}_" if key in _OWN_KEYS else key: value for key, value in keys.items()}


def _redacted(value: Any, secrets: SecretRegistry) -> Any:
    match value:
        case None | bool() | int() | float():
            # A secret may consist of digits only; JSON has no word for what is not finite.
            text = secrets.redact(str(value))
            is_plain = text == str(value) and not (isinstance(value, float) and not math.isfinite(value))
            return value if is_plain else text
        case Mapping():
            return {secrets.redact(str(key)): _redacted(item, secrets) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(item, secrets) for item in value]
        case datetime():
            return value.isoformat()
        case _:
            return secrets.redact(str(value))


def _on_one_line(text: str) -> str:
    # Neither a second line nor a terminal's control sequences may come out of a message that quotes others.
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _quoted(value: Any) -> str:
    text = _on_one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return json.dumps(text, ensure_ascii=False) if not text or any(c.isspace() or c in '"=' for c in text) else text
