"""docs/threat-model.md: each rule of security is there, with tests that
exist."""

import pathlib
import re

import pytest

from harness.process import REPO

TESTS = REPO / "tests"
RULES = [f"{group}{n}" for group, last in {"A": 13, "E": 5, "H": 5, "P": 6,
    "R": 10, "V": 2}.items() for n in range(1, last + 1)]
NAMED = re.compile(r"`([a-z0-9_]+)::([a-z0-9_]+)`")


def rows():
    """{rule: its row}"""
    text = (REPO / "docs/threat-model.md").read_text()
    return {m.group(1): m.group(0)
        for m in re.finditer(r"^\| \*\*([A-Z]\d+)\*\* .*$", text, re.M)}


def exists(file, name):
    """Whether a test of that name stands in a file of that name."""
    places = [*TESTS.glob(f"*/test_{file}.py"),
        *TESTS.glob(f"unit/*/{file}.c")]
    called = re.compile(rf"^(def test_)?{name}\(", re.M)
    return any(called.search(path.read_text()) for path in places)


def test_each_rule_has_a_row():
    assert list(rows()) == RULES


@pytest.mark.parametrize("page", ["threat-model.md", "compliance.md"])
def test_tests_that_are_named_exist(page):
    path = pathlib.Path(REPO / "docs" / page)
    named = NAMED.findall(path.read_text())
    assert named
    assert not [f"{f}::{n}" for f, n in named if not exists(f, n)]


def test_each_rule_is_held_by_a_test():
    assert not [rule for rule, row in rows().items()
        if not NAMED.search(row)]
