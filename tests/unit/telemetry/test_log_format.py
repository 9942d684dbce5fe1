import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from azure_vpn_operator.telemetry.log_context import log_context
from azure_vpn_operator.telemetry.log_format import configure_logging
from azure_vpn_operator.telemetry.redaction import SecretRegistry

KEY = 'hunter2-"shared"-key'
OURS = "azure_vpn_operator.reconcile.connections"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """What `configure_logging` changes for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    loggers = {name: it.level for name, it in root.manager.loggerDict.items() if isinstance(it, logging.Logger)}
    hooks = sys.excepthook, threading.excepthook
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    for name, it in root.manager.loggerDict.items():
        if isinstance(it, logging.Logger):
            it.setLevel(loggers.get(name, logging.NOTSET))
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


class Log:
    def __init__(self, log_format: Any = "json", level: str = "info") -> None:
        self.stream = io.StringIO()
        self.secrets = SecretRegistry()
        self.secrets.register(KEY)
        configure_logging(level, log_format, self.secrets, stream=self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_a_line_has_time_level_message_logger_and_the_extra_keys():
    log = Log()
    logging.getLogger(OURS).warning("Policy not found", extra={"policy": "site6", "generation": 3})
    [line] = log.lines
    written = datetime.fromisoformat(line.pop("ts"))
    assert line == {
        "level": "warning",
        "msg": "Policy not found",
        "logger": OURS,
        "policy": "site6",
        "generation": 3,
    }
    assert list(log.lines[0])[:4] == ["ts", "level", "msg", "logger"]
    assert abs((datetime.now(UTC) - written).total_seconds()) < 60
    assert written.utcoffset() == UTC.utcoffset(None)


def test_the_time_is_rfc_3339_with_milliseconds_in_utc():
    log = Log()
    record = logging.makeLogRecord({"msg": "x", "created": 1767225600.5, "levelname": "INFO"})
    assert json.loads(log_formatter().format(record))["ts"] == "2026-01-01T00:00:00.500Z"
    assert log.text == ""


def log_formatter() -> logging.Formatter:
    formatter = logging.getLogger().handlers[0].formatter
    assert formatter is not None
    return formatter


def test_the_context_is_on_every_line_and_extras_win():
    log = Log()
    with log_context(controller="connections", namespace="network", name="a", reconcile_id="r1"):
        logging.getLogger(OURS).info("one")
        logging.getLogger("some.library").info("two", extra={"reconcile_id": "r2"})
    logging.getLogger(OURS).info("three")
    one, two, three = log.lines
    assert (one["controller"], one["namespace"], one["name"], one["reconcile_id"]) == (
        "connections",
        "network",
        "a",
        "r1",
    )
    assert (two["name"], two["reconcile_id"]) == ("a", "r2")
    assert "name" not in three


class Effect(StrEnum):
    TUNNEL_DROP = "TunnelDrop"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param(True, True, id="a flag"),
        pytest.param(1.5, 1.5, id="a number"),
        pytest.param(float("nan"), "nan", id="no number: JSON has no word for it"),
        pytest.param(Effect.TUNNEL_DROP, "TunnelDrop", id="an enum"),
        pytest.param(datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00", id="a time"),
        pytest.param(("a", {"b": {1}}), ["a", {"b": [1]}], id="nested collections"),
        pytest.param(ValueError("no"), "no", id="an exception"),
    ],
)
def test_any_value_can_be_logged(value: object, written: object):
    log = Log()
    logging.getLogger(OURS).info("x", extra={"value": value})
    assert log.lines[0]["value"] == written


def test_extras_cannot_replace_the_keys_of_the_line():
    log = Log()
    logging.getLogger(OURS).info("x", extra={"msg_": 1, "level": "none", "ts": 0, "logger": "y"})
    [line] = log.lines
    assert (line["level"], line["msg"], line["logger"]) == ("info", "x", OURS)
    assert (line["level_"], line["ts_"]) == ("none", 0)


def test_what_kopf_hangs_onto_records_is_left_out():
    log = Log()
    logging.getLogger("kopf.anything").info(
        "x", extra={"settings": object(), "k8s_skip": True, "k8s_ref": {"name": "a"}}
    )
    [line] = log.lines
    assert line["k8s_ref"] == {"name": "a"}
    assert not {"settings", "k8s_skip"} & line.keys()


class Opaque:
    def __str__(self) -> str:
        return f"<Opaque {KEY}>"


def raise_with_the_key() -> None:
    try:
        raise KeyError(KEY)
    except KeyError as error:
        raise RuntimeError(f"PUT failed: {KEY}") from error


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_secret_comes_out_by_no_way(log_format: str):
    log = Log(log_format)
    logger = logging.getLogger(OURS)
    logger.info(f"in the message {KEY}")  # noqa: G004 - the mistake that this is about
    logger.info("in an argument %s and %r", KEY, {"value": KEY})
    logger.info("in an object %s", Opaque())
    logger.info("in extras", extra={"a": KEY, "b": {"c": [KEY, Opaque(), KEY.encode()], KEY: 1}})
    logger.info("in a wrong format %d %s", KEY, {"x": KEY})
    logger.info("in a body", extra={"body": json.dumps({"value": KEY})})
    logger.info("in the stack's source", stack_info=True, extra={"key": 'hunter2-"shared"-key'})
    with log_context(hint=KEY):
        logger.info("in the context")
    try:
        raise_with_the_key()
    except RuntimeError:
        logger.exception("in an exception")
    assert len(log.text.splitlines()) >= 8
    assert log.text.count("[redacted]") >= 12
    assert "hunter2" not in log.text
    assert "shared" not in log.text


def test_a_secret_of_digits_is_hidden_in_a_number():
    log = Log()
    log.secrets.register("1234567890")
    logging.getLogger(OURS).info("x", extra={"value": 1234567890, "other": 7})
    assert (log.lines[0]["value"], log.lines[0]["other"]) == ("[redacted]", 7)


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError(KEY)


def test_a_line_that_cannot_be_written_is_mentioned_without_its_content(capsys: pytest.CaptureFixture[str]):
    log = Log()
    logging.getLogger(OURS).info("value %s", Unprintable(), extra={"key": KEY})
    [line] = log.lines
    assert (line["msg"], line["error"]) == ("A log line could not be written", "<class 'RuntimeError'>")
    assert line["where"].startswith(__file__)
    assert capsys.readouterr().err == ""


def test_exceptions_have_their_traceback():
    log = Log()
    try:
        raise_with_the_key()
    except RuntimeError:
        logging.getLogger(OURS).exception("Pass failed")
    [line] = log.lines
    assert line["msg"] == "Pass failed"
    assert "Traceback (most recent call last)" in line["exc_info"]
    assert "RuntimeError: PUT failed: [redacted]" in line["exc_info"]


def test_uncaught_exceptions_and_warnings_come_out_as_lines_too():
    log = Log()
    try:
        raise_with_the_key()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    def fail() -> None:
        raise ValueError(KEY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"do not use {KEY}", stacklevel=1)
        logging.captureWarnings(capture=False)
    assert [line["level"] for line in log.lines] == ["critical", "critical", "warning"]
    assert "hunter2" not in log.text


def test_a_text_line_is_one_line_whatever_it_quotes():
    log = Log("text")
    logging.getLogger(OURS).warning(
        "Azure said:\n2026 ERROR fake \x1b[2J", extra={"reason": "two words", "n": 3, "empty": ""}
    )
    [line] = log.text.splitlines()
    assert line.endswith(r'WARNING Azure said:\n2026 ERROR fake \x1b[2J  reason="two words" n=3 empty=""')


def test_a_text_traceback_follows_on_its_own_lines():
    log = Log("text")
    try:
        raise_with_the_key()
    except RuntimeError:
        logging.getLogger(OURS).exception("Pass failed")
    assert log.text.splitlines()[0].endswith("Pass failed")
    assert log.text.rstrip().endswith("RuntimeError: PUT failed: [redacted]")


@pytest.mark.parametrize(
    ("level", "logger", "least"),
    [
        pytest.param("debug", OURS, "DEBUG", id="our own lines follow the setting"),
        pytest.param("debug", "some.library", "INFO", id="libraries say no more than INFO"),
        pytest.param("debug", "azure.core.pipeline.policies.http_logging_policy", "WARNING", id="requests' headers"),
        pytest.param("debug", "azure.core.pipeline.policies._universal", "WARNING", id="requests' bodies"),
        pytest.param("debug", "azure.identity.aio._credentials.client_secret", "WARNING", id="tokens"),
        pytest.param("debug", "msal.application", "WARNING", id="tokens, below azure-identity"),
        pytest.param("debug", "kubernetes.client.rest", "WARNING", id="Secrets in the API server's answers"),
        pytest.param("debug", "aiohttp.access", "WARNING", id="a line per probe"),
        pytest.param("debug", "kopf._core.reactor.queueing", "INFO", id="kopf's own thoughts"),
        pytest.param("debug", "kopf.objects", "WARNING", id="a line per event"),
        pytest.param("error", "aiohttp.access", "ERROR", id="a stricter setting holds for libraries too"),
        pytest.param("error", OURS, "ERROR", id="and for us"),
    ],
)
def test_which_level_comes_out(level: str, logger: str, least: str):
    log = Log(level=level)
    for name in ("DEBUG", "INFO", "WARNING", "ERROR"):
        logging.getLogger(logger).log(logging.getLevelNamesMapping()[name], name)
    assert log.lines[0]["msg"] == least


def test_configuring_again_replaces_the_settings():
    first = Log()
    second = Log("text", level="WARNING")
    logging.getLogger(OURS).info("quiet")
    logging.getLogger(OURS).warning("loud")
    assert first.text == ""
    assert [line.split()[-1] for line in second.text.splitlines()] == ["loud"]


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="unknown log level 'loud'"):
        configure_logging("loud", "json", SecretRegistry())
