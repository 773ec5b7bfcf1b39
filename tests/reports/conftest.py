"""A small report that has every kind of part, shown in every format."""

import pytest

from graphnn.reports.kinds import BYTES, CODE, COUNT, SHAPE, SHARE, SIX_DIGITS, Kind
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Remark, Report, Table

LAYERS = Table(
    (
        Column("#", Kind(right=True), key="index"),
        Column("name", key="name", least=6, middle=True),
        Column("output\nshape", SHAPE, key="output_shape"),
        Column("multiply-\nadds", COUNT, key="multiply_adds", short="adds", zero=""),
        Column("mean", SIX_DIGITS, key="mean", absent="–"),
    ),
    [(0, "convolution_12", (32, 8, 8), 294912, 0.123456789), (10, 'a|b, "c"', (), 0, None)],
    last=("", "all", (2048,), 294912, 0.5),
    foot=[Facts([Fact("weight file", 43827, BYTES), Fact("accuracy", 0.98333, SHARE)])],
)
GROUPS = Table((Column("group", CODE, absent="the rest"), Column("numbers", COUNT)), [("conv*", 1234), (None, 5)])
WAYS = Table((Column("stage", COUNT), Column("way", wraps=True)), [(1, "conv1 → relu_1 → conv2 → relu_2"), (2, "out")])
BARE = Table((Column("input"), Column("probability", SHARE)), [("cat.png", 0.9512), ("truck.png", 0.5)], headed=False)
NAMED = Table([Column(""), *(Column(name * 13, COUNT, zero="·") for name in "ab")], [("a", 7, 0)], "confusion matrix")
PAIRS = Table((Column("true"), Column("samples", COUNT)), [("a", 7)], "most confused")


@pytest.fixture
def report() -> Report:
    """The report."""
    remark = Remark("A stage ends where a layer needs sums over the whole batch.")
    parts = [Lines(["two digits", "and a line"]), remark, LAYERS, GROUPS, WAYS, BARE, Alternatives([NAMED, PAIRS])]
    return Report(parts, {"name": "Größe", "shape": [32, 8], "layers": [{"n": 1}], "none": {}}, rows=LAYERS)
