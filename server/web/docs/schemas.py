"""A schema of the document as readers see it: its fields in a table, and an example of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOMENT = "2026-06-04T09:23:56Z"
_PLAIN: dict[str, Any] = {"string": "…", "integer": 1, "number": 1.5, "boolean": True, "null": None}


@dataclass(frozen=True)
class Field:
    """`kind` in words; `description` is Markdown of one line; `fields` of an object within."""

    name: str
    kind: str
    is_required: bool
    description: str
    fields: "Sequence[Field]"


class Schemas:
    """The named schemas of a document. `say` puts its English into the page's language."""

    def __init__(self, schemas: Mapping[str, Any], say: Callable[[str], str]) -> None:
        self._schemas = schemas
        self._say = say

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def fields(self, schema: Mapping[str, Any]) -> list[Field]:
        """Those of an object; none of anything else."""
        schema = self.resolve(schema)
        required = schema.get("required", ())
        return [
            Field(
                name,
                self.kind(said) + self._or_null(said, name in required),
                name in required,
                self._say(said["description"]) if "description" in said else "",
                self.fields(self._within(said)),
            )
            for name, said in schema.get("properties", {}).items()
        ]

    def _or_null(self, schema: Mapping[str, Any], is_required: bool) -> str:
        """Said where null is an answer; a field that may be left out says enough by that."""
        kinds = [each.get("type") for each in self.resolve(schema).get("anyOf", ())]
        return f" | {self._say('null')}" if is_required and "null" in kinds else ""

    def kind(self, schema: Mapping[str, Any]) -> str:
        """Its type in words."""
        schema = self.resolve(schema)
        if "enum" in schema:
            return " | ".join(f"“{each}”" for each in schema["enum"] if each is not None)
        if "const" in schema:
            value = schema["const"]
            return f"“{value}”" if isinstance(value, str) else str(value).lower()
        if "anyOf" in schema:
            return " | ".join(self.kind(each) for each in schema["anyOf"] if each.get("type") != "null")
        if schema.get("type") == "array":
            return f"{self._say('array of')} {self.kind(schema['items'])}"
        return self._say(str(schema.get("format") or schema.get("type", "any")))

    def example(self, schema: Mapping[str, Any]) -> Any:
        """The first example of it, or one made of its parts."""
        schema = self.resolve(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.example(schema["anyOf"][0])
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        if schema.get("type") == "object":
            return {name: self.example(said) for name, said in schema.get("properties", {}).items()}
        return _MOMENT if schema.get("format") == "date-time" else _PLAIN.get(str(schema.get("type")))

    def _within(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object inside a list, or beside null."""
        schema = self.resolve(schema)
        if schema.get("type") == "array":
            return self._within(schema["items"])
        if "anyOf" in schema:
            return self._within(next((each for each in schema["anyOf"] if each.get("type") != "null"), {}))
        return schema
