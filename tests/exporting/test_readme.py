"""The page of the targets has a row and a section for each, with the ends of its files."""

import re

import pytest

from graphnn.exporting.base import TARGETS
from tests.conftest import ROOT

PAGE = (ROOT / "graphnn" / "exporting" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_row_and_a_section(name: str) -> None:
    assert f"| [`{name}`](#{name}) | `{TARGETS[name].suffix}` |" in PAGE
    assert f"\n## {name}\n" in PAGE


def test_no_other_target_is_on_the_page() -> None:
    assert set(re.findall(r"^\| \[`(\w+)`\]\(#", PAGE, re.MULTILINE)) == set(TARGETS)
