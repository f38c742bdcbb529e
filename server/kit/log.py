"""Structured logs on stderr. Static messages, values in fields, and a last line of defence that masks secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_FIELDS = frozenset(
    {"token", "api_token", "user_token", "apikey", "api_key", "authorization", "password", "secret", "t"}
)
_SECRETS = re.compile(
    r"\b(?:voc_[ps]k|vk|whsec|emb)_[A-Za-z0-9_+/=-]{8,}"  # our keys
    r"|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"  # signed tokens
)
_PHONE_NUMBERS = re.compile(r"\+\d{8,15}\b")


def configure_logging(level: str, as_json: bool) -> None:
    """Set up logging for the process; the composition root calls this once."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard module: same masking, same renderer.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_drop_meta, renderer])
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that names its module in every line."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return bound


def mask(text: str) -> str:
    """`text` with keys, tokens and phone numbers made unreadable."""
    text = _SECRETS.sub("[secret]", text)
    return _PHONE_NUMBERS.sub(lambda found: f"{found[0][:3]}•••••{found[0][-3:]}", text)


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field, value in event.items():
        if field.lower() in _SECRET_FIELDS:
            event[field] = "[secret]"
        elif isinstance(value, str):
            event[field] = mask(value)
    return event


def _drop_meta(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(_logger, _method, event)
