"""The OpenAPI 3.1 document of an app: one path for every described route, and what webhooks are sent."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from quart import Quart
from quart_schema import DataSource, OpenAPIProvider, QuartSchema
from werkzeug.routing.rules import Rule

from server.web.openapi.events import EVENTS
from server.web.openapi.operation import Operation, Who, operation_of
from server.web.openapi.refusals import Refusal, responses_of
from server.web.principal import PROJECT_HEADER

_DESCRIPTION = (
    "Calls by AI agents and between people, relay numbers, webhooks and live transcripts. JSON in, JSON out; "
    "every refusal has a stable `code`."
)
_PARAMETERS = {
    "reference": ("id", "The integer id, or the uid."),
    "delivery": ("event_id", "The `id` of the delivery."),
}
_SECURITY: dict[Who, list[dict[str, list[str]]]] = {
    Who.PROJECT: [{"projectToken": []}, {"projectTokenInQuery": []}],
    Who.USER: [{"userToken": []}, {"userTokenInQuery": []}],
    Who.EITHER: [{"projectToken": []}, {"projectTokenInQuery": []}, {"userToken": []}, {"userTokenInQuery": []}],
    Who.NOBODY: [{}],
}
_SCHEMES = {
    "projectToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a project, for your server only.",
    },
    "projectTokenInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "api_token",
        "description": "The same in the address, where a header cannot be sent. The header wins.",
    },
    "userToken": {"type": "http", "scheme": "bearer", "description": "The token of a person who signed up."},
    "userTokenInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "user_token",
        "description": "The same in the address, where a header cannot be sent. The header wins.",
    },
}
_HEADERS = {
    "X-Request-Id": ("Names the request in our log.", {"type": "string"}),
    "X-RateLimit-Limit": ("Requests a minute of your plan.", {"type": "integer"}),
    "X-RateLimit-Remaining": ("How many are left of them.", {"type": "integer"}),
    "X-RateLimit-Reset": ("When they are full again, in Unix seconds.", {"type": "integer"}),
    "Idempotency-Replayed": ("`true` when this is the answer of the first request.", {"type": "string"}),
    "Retry-After": ("Seconds to wait.", {"type": "integer"}),
}
_COUNTED = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key within 24 hours is answered as the first time, and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}

_PROJECT_ID = {
    "name": PROJECT_HEADER,
    "in": "header",
    "description": "With a user token: the project, by its uid. Your first one if left out.",
    "schema": {"type": "string"},
}


def document_of(app: Quart, origin: str, version: str, meanings: Mapping[str, str]) -> dict[str, Any]:
    """Every described route of `app`. `meanings`: what a code says happened.

    The extension is not installed in the app: it would put its own JSON, responses and pages in the place of ours.
    """
    config = {"QUART_SCHEMA_CONVERT_CASING": False, "QUART_SCHEMA_CONVERSION_PREFERENCE": "pydantic"}
    for name, value in config.items():
        app.config.setdefault(name, value)
    extension = QuartSchema(
        info={"title": "Parloir API", "version": version, "description": _DESCRIPTION},
        servers=[{"url": origin}],
    )
    provider = _Described(app, extension, meanings)
    document = provider.schema()
    document["paths"] = dict(sorted(document["paths"].items()))
    document["webhooks"], schemas = provider.webhooks()
    components = document["components"]
    components["schemas"] = dict(sorted((components["schemas"] | schemas).items()))
    components["securitySchemes"] = _SCHEMES
    components["parameters"] = {"IdempotencyKey": _IDEMPOTENCY_KEY, "ProjectId": _PROJECT_ID}
    components["headers"] = {name: {"description": said, "schema": kind} for name, (said, kind) in _HEADERS.items()}
    return document


class _Described(OpenAPIProvider):
    def __init__(self, app: Quart, extension: QuartSchema, meanings: Mapping[str, str]) -> None:
        super().__init__(app, extension)
        self._views: dict[str, Callable[..., Any]] = app.view_functions
        self._meanings = meanings
        self._ids: set[str] = set()

    def generate_rules(self) -> Iterable[Rule]:
        return [rule for rule in super().generate_rules() if operation_of(self._views[rule.endpoint]) is not None]

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        operation = operation_of(self._views[rule.endpoint])
        assert operation is not None
        paths, components = super().build_paths(rule)
        ((path, methods),) = paths.items()
        for name, (shown, _) in _PARAMETERS.items():
            path = path.replace(f"{{{name}}}", f"{{{shown}}}")
        objects = {method: self._operation_object(operation, said) for method, said in methods.items()}
        return {path: objects}, components | _schema_of(self, Refusal)

    def operation_id(self, method: str, path: str, func: Callable[..., Any]) -> str:
        operation = operation_of(func)
        assert operation is not None
        unique = operation.id if operation.id not in self._ids else f"{operation.id}_again"
        self._ids.add(unique)
        return unique

    def build_request_body(self, model: type[Any], source: DataSource) -> tuple[dict[str, Any], dict[str, Any]]:
        body, components = super().build_request_body(model, source)
        return _by_name(body, components)

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        response, components = super().build_response_object(model, headers_model)
        return _by_name(response, components)

    def webhooks(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The document's `webhooks`, and the schemas they need."""
        found, schemas = {}, {}
        for name, (when, model) in EVENTS.items():
            body, parts = self.build_request_body(model, DataSource.JSON)
            schemas.update(parts)
            found[name] = {
                "post": {
                    "operationId": "on_" + name.replace(".", "_").replace("-", "_"),
                    "tags": ["Events"],
                    "summary": when,
                    "parameters": [_signature()],
                    "requestBody": body | {"required": True},
                    "responses": {"2XX": {"description": "Received. Anything else is sent again."}},
                    "security": [{}],
                }
            }
        return found, schemas

    def _operation_object(self, operation: Operation, said: dict[str, Any]) -> dict[str, Any]:
        parameters = [_path_parameter(each) if each["in"] == "path" else each for each in said["parameters"]]
        if operation.is_idempotent:
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if operation.who in (Who.USER, Who.EITHER):
            parameters.append({"$ref": "#/components/parameters/ProjectId"})
        success = next(iter(said["responses"].values()), None) or {
            "description": "The words.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
        counted = _COUNTED if operation.who is not Who.NOBODY else _COUNTED[:1]
        shown = counted + (("Idempotency-Replayed",) if operation.is_idempotent else ())
        success["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in shown}
        kept = {"operationId": said["operationId"], "tags": [operation.tag], "summary": operation.summary}
        if operation.description:
            kept["description"] = operation.description
        if "requestBody" in said:
            kept["requestBody"] = said["requestBody"]
        return kept | {
            "parameters": parameters,
            "responses": {str(operation.status): success} | responses_of(operation, self._meanings),
            "security": _SECURITY[operation.who],
        }


def _schema_of(provider: OpenAPIProvider, model: type[BaseModel]) -> dict[str, Any]:
    _, components = provider.build_response_object(model, None)
    return components


def _by_name(held: dict[str, Any], components: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a body among the named ones, and a reference in its place."""
    media = held["content"]["application/json"]
    schema = media["schema"]
    media["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}
    return held, components | {schema["title"]: schema}


def _path_parameter(said: dict[str, Any]) -> dict[str, Any]:
    name, description = _PARAMETERS.get(said["name"], (said["name"], ""))
    return said | {"name": name, "description": description}


def _signature() -> dict[str, Any]:
    return {
        "name": "Phonevoice-Signature",
        "in": "header",
        "required": True,
        "description": "`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` with the endpoint's secret.",
        "schema": {"type": "string"},
    }
