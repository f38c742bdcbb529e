"""Every row of the inventory is held by tests that exist."""

import ast
import re
from functools import cache

import pytest

from tests.contract.phonevoice.rows import MISSING, ROWS
from tests.fixtures.site import ROOT

INVENTORY = ROOT.parent / "shared" / "contract" / "inventory.md"
NUMBERS = [*range(1, 19), *range(20, 37), *range(40, 55), *range(60, 71), *range(80, 98), *range(100, 108)]
ALL = [f"P-{number:03d}" for number in NUMBERS]


@cache
def present_in(file: str) -> set[str]:
    path = ROOT / file
    assert path.is_file(), file
    tree = ast.parse(path.read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if node.name.startswith("test_")}


def test_the_rows_are_those_of_the_inventory() -> None:
    if not INVENTORY.is_file():
        pytest.skip("the inventory is not beside this clone")
    assert re.findall(r"^\| (P-\d{3}) \|", INVENTORY.read_text("utf-8"), re.MULTILINE) == ALL


def test_every_row_is_held_or_says_why_not() -> None:
    assert [row for row in ALL if row not in ROWS and row not in MISSING] == []
    assert sorted(ROWS.keys() | MISSING.keys()) == ALL
    assert ROWS.keys() & MISSING.keys() == set()
    assert all(ROWS.values())


def test_the_tests_of_a_row_exist() -> None:
    for row, names in ROWS.items():
        for name in names:
            file, _, test = name.partition("::")
            assert test in present_in(file), (row, name)
