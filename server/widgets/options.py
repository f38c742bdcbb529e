"""The widget's options as the server checks them, from the one table that also makes the browser's types and docs."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.kit.errors import FieldProblem, InvalidInput

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_URL = re.compile(r"https?://\S+")
_MAX_URL_CHARACTERS = 2_000
_MAX_TEXT_CHARACTERS = 2_000
_MAX_TEXTS = 200
_MAX_TOLD = 10
_READ_AS_JSON = ("number", "boolean", "texts", "object")


@dataclass(frozen=True)
class Option:
    """One row of the table. `low` and `high` are a number's range; `high` alone the most characters or texts; `keys`
    the names texts may have.
    """

    name: str
    type: str
    default: object
    is_for_tenants: bool
    values: tuple[str, ...] = ()
    pattern: str | None = None
    low: float | None = None
    high: float | None = None
    fields: Mapping[str, "Option"] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()

    @classmethod
    def from_row(cls, row: Mapping[str, Any], folder: Path, is_for_tenants: bool | None = None) -> "Option":
        """`folder` has the lists of keys that rows name; `is_for_tenants` is the parent's, for an object's fields."""
        is_for_tenants = bool(row.get("tenant", False)) if is_for_tenants is None else is_for_tenants
        return cls(
            name=row["name"],
            type=row["type"],
            default=row.get("default"),
            is_for_tenants=is_for_tenants,
            values=tuple(row.get("enum", ())),
            pattern=row.get("pattern"),
            low=row.get("min"),
            high=row.get("max"),
            fields={entry["name"]: cls.from_row(entry, folder, is_for_tenants) for entry in row.get("fields", ())},
            keys=frozenset(json.loads((folder / row["keys"]).read_text("utf-8")) if "keys" in row else ()),
        )


class OptionTable:
    """All options by name. What a page gives is checked in the browser; what a tenant sets is checked here."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        self._options = dict(options)

    @classmethod
    def load(cls, path: Path) -> "OptionTable":
        """From widget/options.json and the lists it names. Raises OSError or ValueError when a file is not there or is
        not what it should be.
        """
        rows = json.loads(path.read_text("utf-8"))["options"]
        return cls({row["name"]: Option.from_row(row, path.parent) for row in rows})

    def __iter__(self) -> Iterator[Option]:
        return iter(self._options.values())

    @property
    def names(self) -> frozenset[str]:
        """Every option's name, dotted where it is a field of an object."""
        return frozenset(
            f"{option.name}.{field}" if field else option.name
            for option in self
            for field in (option.fields or {"": option})
        )

    def check(self, given: Mapping[str, object]) -> dict[str, object]:
        """What a tenant may set, as it was given. Raises InvalidInput `invalid_request` naming every wrong field."""
        problems = list(_problems(given, self._options, ""))
        if problems:
            told = " ".join(f"{problem.field}: {problem.problem}" for problem in problems[:_MAX_TOLD])
            raise InvalidInput("invalid_request", f"Some of the widget's options are not valid. {told}", problems)
        return dict(given)

    def settled(self, given: Mapping[str, object]) -> dict[str, object]:
        """What a tenant may set, nested or by dotted name, as {dotted name: value}. Raises as `check` does."""
        nested: dict[str, Any] = {}
        for path, value in given.items():
            name, dot, inner = path.partition(".")
            more = {inner: value} if dot else value
            there = nested.get(name)
            nested[name] = {**there, **more} if isinstance(there, dict) and isinstance(more, dict) else more
        return dict(_leaves(self.check(nested), self._options))

    def read(self, path: str, text: str) -> object:
        """The value that `text`, typed for the option of this dotted name, stands for; still to be checked."""
        name, _, inner = path.partition(".")
        option = self._options.get(name)
        if option is not None and inner:
            option = option.fields.get(inner)
        if option is None or option.type not in _READ_AS_JSON:
            return text
        try:
            return json.loads(text)
        except ValueError:
            return text  # refused by what checks it, in words


def _problems(given: Mapping[str, object], known: Mapping[str, Option], prefix: str) -> Iterator[FieldProblem]:
    for name, value in given.items():
        path, option = f"{prefix}{name}"[:100], known.get(name)
        if option is None:
            yield FieldProblem(path, "There is no such option.")
        elif not option.is_for_tenants:
            yield FieldProblem(path, "This is set on the page, not for the whole account.")
        elif option.type == "object":
            if isinstance(value, dict):
                yield from _problems(value, option.fields, f"{path}.")
            else:
                yield FieldProblem(path, "Give an object.")
        elif (problem := _CHECKS[option.type](option, value)) is not None:
            yield FieldProblem(path, problem)
        elif option.keys and isinstance(value, dict) and (unknown := sorted(set(value) - option.keys)):
            yield FieldProblem(path, f"The texts are {', '.join(sorted(option.keys))}.")
            yield from (FieldProblem(f"{path}.{key}"[:100], "There is no such text.") for key in unknown)


def _leaves(checked: Mapping[str, Any], known: Mapping[str, Option]) -> Iterator[tuple[str, object]]:
    for name, value in checked.items():
        if known[name].type == "object":
            yield from ((f"{name}.{field}", inner) for field, inner in value.items())
        else:
            yield name, value


def _string(option: Option, value: object) -> str | None:
    if not isinstance(value, str):
        return "Give a text."
    if option.values and value not in option.values:
        return f"Give one of {', '.join(option.values)}."
    if option.pattern is not None and not re.search(option.pattern, value):
        return f"It must match {option.pattern}."
    most = int(option.high or _MAX_TEXT_CHARACTERS)
    return f"At most {most} characters." if len(value) > most else None


def _url(_option: Option, value: object) -> str | None:
    is_good = isinstance(value, str) and len(value) <= _MAX_URL_CHARACTERS and _URL.fullmatch(value)
    return None if is_good or value == "" else "Give an address that begins with https:// or http://."


def _color(_option: Option, value: object) -> str | None:
    return None if isinstance(value, str) and _COLOR.fullmatch(value) else "Give a colour as #rgb or #rrggbb."


def _number(option: Option, value: object) -> str | None:
    assert option.low is not None, "every number of the table has its range"
    assert option.high is not None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_good = is_number and option.low <= value <= option.high  # type: ignore[operator]  # a number by now
    return None if is_good else f"Give a number from {option.low:g} to {option.high:.0f}."


def _boolean(_option: Option, value: object) -> str | None:
    return None if isinstance(value, bool) else "Give true or false."


def _texts(option: Option, value: object) -> str | None:
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        return "Give texts by name."
    most = int(option.high or _MAX_TEXTS)
    if len(value) > most:
        return f"At most {most} texts."
    is_long = any(len(text) > _MAX_TEXT_CHARACTERS for pair in value.items() for text in pair)
    return f"At most {_MAX_TEXT_CHARACTERS} characters each." if is_long else None


def _function(_option: Option, _value: object) -> str:
    return "A function can only be given on the page."


_CHECKS: Mapping[str, Callable[[Option, object], str | None]] = {
    "string": _string,
    "url": _url,
    "color": _color,
    "number": _number,
    "boolean": _boolean,
    "texts": _texts,
    "function": _function,
}
