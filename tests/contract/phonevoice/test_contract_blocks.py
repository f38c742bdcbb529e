"""Every code block of the document is here as printed, and every one is run by a test."""

import ast
import re
from pathlib import Path

import pytest

from tests.contract.phonevoice.documented import HERE, answer_in, blocks, fits
from tests.fixtures.site import ROOT

DOCUMENT = ROOT.parent / "shared" / "reference" / "phonevoice-api.txt"
CODE = (
    "YOUR_TOKEN",
    "CABLE_TOKEN",
    "curl",
    'require"',
    "importrequests",
    "fetch(",
    "<iframe",
    "wss://",
    "evt_…",
    '":"',
)

NOT_YET: dict[str, str] = {}
"""Blocks that no test runs, and why."""


def squeezed(text: str) -> str:
    """Without white space: the document's text has lost some, and its code means the same with any."""
    return "".join(text.split())


def test_the_blocks_are_the_documents_and_all_of_them() -> None:
    if not DOCUMENT.is_file():
        pytest.skip("the document is not beside this clone")
    rest, prose = squeezed(DOCUMENT.read_text("utf-8")), ""
    for name, code in blocks().items():
        before, found, rest = rest.partition(squeezed(code))
        assert found, f"{name} is not what the document prints at its place"
        prose += before + " "
    prose += rest
    assert [mark for mark in CODE if mark in prose] == [], "there is code that blocks.txt has not"


def test_every_block_is_run_by_a_test() -> None:
    run = {
        node.value
        for file in HERE.glob("test_*.py")
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.AsyncFunctionDef) and function.name.startswith("test_")
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(blocks()) - run == set(NOT_YET)


def test_an_answer_is_compared_by_keys_types_and_values() -> None:
    status, shape = answer_in("10-initiate.rb")
    assert status == 201
    whole = {"status": "success", "phone_call_id": 90210, "telephony_ref": "CAfe", "cable_token": "e30"}
    assert fits(shape, whole | {"more": 1})
    for wrong in ({"status": "ok"}, {"phone_call_id": "90210"}, {"telephony_ref": "XX1"}, {"cable_token": None}):
        assert not fits(shape, whole | wrong)
    assert not fits(shape, {key: value for key, value in whole.items() if key != "cable_token"})
    _, listed = answer_in("27-webhook.rb")
    assert not fits(listed, {"id": 35, "url": "u", "events": [], "secret": "whsec_x"})


def test_the_document_names_nothing_else_to_fill_in() -> None:
    """A placeholder that nobody fills would be sent as it stands."""
    words = set(re.findall(r"\b[A-Z]{3,}_[A-Z_]+\b", (Path(HERE) / "blocks.txt").read_text("utf-8")))
    assert words == {"YOUR_TOKEN", "CABLE_TOKEN", "EMBED_URL"}
