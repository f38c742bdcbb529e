"""The reference of the API, made from the OpenAPI document: what a page of one tag shows."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.web.docs.content import Code
from server.web.docs.markdown import code_block
from server.web.docs.samples import Request, samples
from server.web.docs.schemas import Field, Schemas

_IDS = {"webhooks": "35", "relay_numbers": "123"}


@dataclass(frozen=True)
class Refused:
    status: str
    code: str
    meaning: str


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """As the template shows it; `code` is HTML, the rest text."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    has_token: bool
    parameters: Sequence[Parameter]
    body: Sequence[Field]
    status: str
    answer: Sequence[Field]
    refusals: Sequence[Refused]
    code: str
    example: str


@dataclass(frozen=True)
class Event:
    type: str
    summary: str
    fields: Sequence[Field]
    example: str


class Reference:
    """`say` puts the document's English into the page's language; `meanings`: of codes, in English."""

    def __init__(self, document: Mapping[str, Any], say: Callable[[str], str], meanings: Mapping[str, str]) -> None:
        self._document = document
        self._components = document["components"]
        self._say = say
        self._meanings = meanings
        self._schemas = Schemas(self._components["schemas"], say)
        self._origin: str = document["servers"][0]["url"]
        self._made: dict[str, list[Operation]] = {}

    @property
    def tags(self) -> list[str]:
        """In the order in which they first come."""
        return list(dict.fromkeys(said["tags"][0] for _, _, said in self._all()))

    def operations(self, tag: str) -> list[Operation]:
        """Those of one of `tags`. Made once: their examples in colour take a while."""
        if tag not in self._made:
            self._made[tag] = [self._operation(*each) for each in self._all() if each[2]["tags"][0] == tag]
        return self._made[tag]

    def events(self) -> list[Event]:
        """What webhooks are sent."""
        found = []
        for name, methods in self._document["webhooks"].items():
            said = methods["post"]
            schema = said["requestBody"]["content"]["application/json"]["schema"]
            example = self._schemas.example(schema) | {"type": name}
            found.append(Event(name, self._say(said["summary"]), self._schemas.fields(schema), _json(example)))
        return found

    def _all(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        return [
            (path, method, said)
            for path, methods in self._document["paths"].items()
            for method, said in methods.items()
        ]

    def codes(self) -> list[Code]:
        """Every code of the API, by name."""
        found = dict[str, dict[str, None]]()
        for _, _, said in self._all():
            for refused in self._refusals(said["responses"]):
                found.setdefault(refused.code, {})[refused.status] = None
        return [
            Code(code, ", ".join(statuses), self._meanings.get(code, "")) for code, statuses in sorted(found.items())
        ]

    def _operation(self, path: str, method: str, said: Mapping[str, Any]) -> Operation:
        body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        status, answer = next(iter(said["responses"].items()))
        media = answer["content"]
        schema = media.get("application/json", {}).get("schema")
        has_token = said["security"] != [{}]
        url = self._origin + path.replace("{id}", _id_of(path)).replace("{event_id}", "evt_1")
        request = Request(method.upper(), url, self._schemas.example(body) if body else None, has_token)
        return Operation(
            id=said["operationId"],
            method=method.upper(),
            path=path,
            summary=self._say(said["summary"]),
            description=self._say(said["description"]) if "description" in said else "",
            has_token=has_token,
            parameters=[self._parameter(each) for each in said["parameters"]],
            body=self._schemas.fields(body) if body else [],
            status=status,
            answer=self._schemas.fields(schema) if schema else [],
            refusals=self._refusals(said["responses"]),
            code="".join(code_block(language, source) for language, source in samples(request)),
            example=_json(self._schemas.example(schema)) if schema else "",
        )

    def _parameter(self, said: Mapping[str, Any]) -> Parameter:
        if "$ref" in said:
            said = self._components["parameters"][said["$ref"].rpartition("/")[2]]
        description = self._say(said["description"]) if said.get("description") else ""
        kind = self._schemas.kind(said["schema"])
        return Parameter(said["name"], self._say(said["in"]), kind, bool(said.get("required")), description)

    def _refusals(self, responses: Mapping[str, Any]) -> list[Refused]:
        return [
            Refused(status, code, self._say(self._meanings.get(code, "")))
            for status, said in responses.items()
            if int(status) >= 400
            for code in said["content"]["application/json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
        ]


def _id_of(path: str) -> str:
    """The ids of the published examples."""
    return next((known for part, known in _IDS.items() if f"/{part}/" in path), "90210")


def _json(value: Any) -> str:
    return code_block("json", json.dumps(value, indent=2, ensure_ascii=False))
