"""How a command reaches the product, and how it prints what it was told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from server.app import Parloir
from server.kit.errors import AppError
from server.settings import Settings

_Result = TypeVar("_Result")


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors(include_url=False))
        raise click.ClickException(f"a setting is wrong: {problems}") from None


def with_parloir(work: Callable[[Parloir], Awaitable[_Result]]) -> _Result:
    """Open the product without serving, do `work`, close it; a refusal becomes a message and exit code 1."""

    async def do() -> _Result:
        async with Parloir.open(read_settings()) as parloir:
            await parloir.migrate()
            return await work(parloir)

    try:
        return asyncio.run(do())
    except AppError as refusal:
        raise click.ClickException(f"{refusal.message} ({refusal.code})") from None


def lines(values: dict[str, Any]) -> str:
    width = max(map(len, values))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in values.items())


def table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "There are none."
    cells = [list(rows[0]), *([str(value or "-") for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)


def moment(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None
