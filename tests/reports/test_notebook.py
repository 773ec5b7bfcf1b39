"""Reports as HTML for notebooks: what is shown, and that nothing in it is markup."""

import re
from html.parser import HTMLParser

from graphnn.reports.kinds import COUNT
from graphnn.reports.notebook import LINE, notebook_html
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Remark, Report, Table

TABLE = Table(
    [Column("na-\nme"), Column("of\nall", COUNT, absent="none")],
    [("<b>bold</b>", 1200), ("a\x1b[1m", None)],
    title="T & U",
    last=("sum", 1200),
    foot=[Remark("below <it>")],
)
REPORT = Report([TABLE, Facts([Fact("size", 5, COUNT)]), Lines(["one", "two"]), Alternatives([TABLE, TABLE])])


class Tree(HTMLParser):
    """Collects the texts of cells and checks that each tag is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1], data))


def test_all_parts_are_shown_and_nothing_in_them_is_markup() -> None:
    tree = Tree()
    tree.feed(notebook_html(REPORT))
    assert tree.open == []
    table = [
        ("caption", "T & U"),
        *(("th", "na-me"), ("th", "of all")),
        *(("td", "<b>bold</b>"), ("td", "1,200")),
        *(("td", "a\\u001b[1m"), ("td", "none")),
        *(("td", "sum"), ("td", "1,200")),
        ("p", "below <it>"),
    ]
    assert tree.texts == [*table, ("th", "size"), ("td", "5"), ("p", "one"), ("p", "two"), *table]


def test_colours_are_those_of_the_page() -> None:
    html = notebook_html(REPORT).replace(LINE, "")
    assert "border-bottom: ;" in html  # a line that is the colour of the text, but fainter
    assert not re.search(r"#[0-9a-f]{3}|rgb|color: (?!inherit)", html, re.IGNORECASE)
