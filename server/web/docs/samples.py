"""A request of the API as people paste it: curl, Node, Python, from one description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOKEN = "YOUR_TOKEN"  # noqa: S105  # a word that readers replace


@dataclass(frozen=True)
class Request:
    """`url` is whole; `body` None: nothing is sent."""

    method: str
    url: str
    body: Any = None
    has_token: bool = True

    @property
    def headers(self) -> Mapping[str, str]:
        headers = {"Authorization": f"Bearer {TOKEN}"} if self.has_token else {}
        return headers | ({"Content-Type": "application/json"} if self.body is not None else {})


def samples(request: Request) -> list[tuple[str, str]]:
    """Language, code."""
    return [("sh", _curl(request)), ("js", _node(request)), ("python", _python(request))]


def _curl(request: Request) -> str:
    quoted = f'"{request.url}"' if "?" in request.url else request.url
    lines = [f"curl {quoted}" if request.method == "GET" else f"curl -X {request.method} {quoted}"]
    lines += [f'-H "{name}: {value}"' for name, value in request.headers.items()]
    if request.body is not None:
        lines.append("-d '" + json.dumps(request.body, indent=2, ensure_ascii=False).replace("'", "'\\''") + "'")
    return " \\\n  ".join(lines)


def _node(request: Request) -> str:
    options = [] if request.method == "GET" else [f'method: "{request.method}"']
    if request.headers:
        options.append("headers: " + _js(request.headers, "  "))
    if request.body is not None:
        options.append("body: JSON.stringify(" + _js(request.body, "  ") + ")")
    inside = "".join(f"  {option},\n" for option in options)
    call = f'await fetch("{request.url}"' + (f", {{\n{inside}}});" if inside else ");")
    return f"const response = {call}\nconsole.log(response.status, await response.text());"


def _python(request: Request) -> str:
    arguments = [f'"{request.url}"']
    if request.has_token:
        arguments.append(f'headers={{"Authorization": "Bearer {TOKEN}"}}')
    if request.body is not None:
        arguments.append("json=" + _py(request.body, "    "))
    inside = "".join(f"    {argument},\n" for argument in arguments)
    return (
        f"import requests\n\nresponse = requests.{request.method.lower()}(\n{inside})\n"
        "print(response.status_code, response.text)"
    )


def _js(value: Any, indent: str) -> str:
    if isinstance(value, Mapping):
        inside = "".join(f"{indent}  {_js_name(name)}: {_js(each, indent + '  ')},\n" for name, each in value.items())
        return f"{{\n{inside}{indent}}}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False)


def _js_name(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _py(value: Any, indent: str) -> str:
    if isinstance(value, Mapping):
        inside = "".join(f'{indent}    "{name}": {_py(each, indent + "    ")},\n' for name, each in value.items())
        return f"{{\n{inside}{indent}}}" if inside else "{}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(_py(each, indent) for each in value) + "]"
    return repr(value)
