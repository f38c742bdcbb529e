"""The document's code blocks: where they are read, what is put in place of its host and token, how they are run."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fixtures.site import ROOT

HERE = Path(__file__).parent
RUN_WITHIN_S = 120.0
_BLOCK = re.compile(r"^## (\S+)\n\n```\w*\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^# => (?:(?P<status>\d{3}) )?(?P<body>\{.*\})", re.MULTILINE)


@dataclass(frozen=True)
class Deployment:
    """What stands in place of the document's: our host with its port, a token of ours, a certificate to trust."""

    host: str
    token: str
    certificate: Path
    cable_token: str = "CABLE_TOKEN"

    def instead(self, code: str) -> str:
        """`code` as its reader would paste it: nothing is replaced but what the document says is ours to fill in."""
        code = code.replace("api.phonevoice.ai", self.host).replace("YOUR_TOKEN", self.token)
        return code.replace("CABLE_TOKEN", self.cable_token)


@dataclass(frozen=True)
class Ran:
    """What a program said."""

    code: int | None
    out: str
    err: str

    @property
    def documents(self) -> list[Any]:
        """The JSON values of the output, one after another."""
        decoder, rest, found = json.JSONDecoder(), self.out.strip(), []
        while rest:
            value, end = decoder.raw_decode(rest)
            found.append(value)
            rest = rest[end:].strip()
        return found


def blocks() -> dict[str, str]:
    """Every block by name, in the document's order."""
    return dict(_BLOCK.findall((HERE / "blocks.txt").read_text("utf-8")))


def block(name: str) -> str:
    return blocks()[name]


def answer_in(name: str) -> tuple[int | None, Any]:
    """The answer that a block prints as its comment: status, where it says one, and the shape of the body."""
    found = _ANSWER.search(block(name))
    assert found is not None, f"{name} prints no answer"
    status = found["status"]
    return int(status) if status else None, json.loads(found["body"].replace("[…]", '["…"]'))


def fits(shape: Any, seen: Any) -> bool:
    """Whether `seen` has what `shape` shows: the keys, the types, and every value but where it writes `…`."""
    if isinstance(shape, dict):
        return isinstance(seen, dict) and all(key in seen and fits(value, seen[key]) for key, value in shape.items())
    if isinstance(shape, list):
        return isinstance(seen, list) and bool(seen) and all(fits(shape[0], each) for each in seen)
    if isinstance(shape, str) and "…" in shape:
        start, end = shape.split("…", 1)
        return isinstance(seen, str) and seen.startswith(start) and seen.endswith(end) and len(seen) >= len(shape)
    return type(shape) is type(seen) and shape == seen


async def run(name: str, at: Deployment, show: Sequence[str] = (), before: str = "") -> Ran:
    """Execute a block in its own language, pasted whole.

    `before`: what the page it is pasted into has already. `show`: values it computes, printed behind it as JSON.
    """
    language = Path(name).suffix
    code = "\n".join(part for part in (before, at.instead(block(name)), _shown(language, show)) if part)
    commands = {
        ".sh": ["bash", "-euc", code],
        ".mjs": ["node", "--input-type=module", "-e", code],
        ".cjs": ["node", "--input-type=commonjs", "-e", code],
        ".py": [sys.executable, "-u", "-c", code],
        ".rb": ["ruby", "-e", code],
    }
    return await ran(commands[language], at)


async def ran(command: Sequence[str], at: Deployment) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,  # where the packages of the npm clients are
        env=environment(at),
    )
    try:
        async with asyncio.timeout(RUN_WITHIN_S):
            out, err = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return Ran(process.returncode, out.decode(), err.decode())


def _shown(language: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = ", ".join(names)
    prints = {
        ".mjs": f"console.log(JSON.stringify([{listed}]));",
        ".cjs": f"console.log(JSON.stringify([{listed}]));",
        ".py": f"import json; print(json.dumps([{listed}]))",
        ".rb": f'require "json"; puts [{listed}].to_json',
    }
    return prints[language]


def environment(at: Deployment) -> Mapping[str, str]:
    """A shell whose programs trust the deployment's certificate, and whose curl says the status too."""
    certificate = str(at.certificate)
    names = ("CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "CURL_HOME": str(HERE / "curl"),
        **dict.fromkeys((*names, "WEBSOCKET_CLIENT_CA_BUNDLE"), certificate),
    }
