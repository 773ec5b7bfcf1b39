"""Tables: the same arrays however they are written, and one clear error for each fault."""

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import table_memory
from graphnn.datasets.base import Dataset
from graphnn.datasets.batches import draw_test_part
from graphnn.datasets.data_memory import data_memory
from graphnn.datasets.digest import digests
from graphnn.datasets.loading import load
from graphnn.errors import DataError
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo

FLOWERS = "a,b,species\n" + "".join(
    f"{k % 7}.5,{k % 5 - 2},{name}\n" for name in ("setosa", "virginica") for k in range(10)
)


def read(folder: Path, text: str | bytes, outputs: type[Outputs] | None = Classes, **settings: Any) -> Dataset:
    """Return the data set in a table of this text; the target is species unless it is given."""
    file = folder / "t.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load("csv", path=file, outputs=outputs, settings={"target": "species", **settings})


def problem(folder: Path, text: str | bytes, outputs: type[Outputs] | None = Classes, **settings: Any) -> str:
    """Return the message about a table, without its folder."""
    with pytest.raises(DataError) as error:
        read(folder, text, outputs, **settings)
    return str(error.value).replace(f"{folder}/", "")


def test_a_plain_table(tmp_path: Path) -> None:
    data = read(tmp_path, FLOWERS, test_split=0.25)
    assert (data.name, data.classes, data.shape, data.stratified) == ("t", ("setosa", "virginica"), (2,), True)
    rows = [line.split(",") for line in FLOWERS.splitlines()[1:]]
    x = np.array([[float(a), float(b)] for a, b, _ in rows], np.float32)
    y = np.array([name == "virginica" for *_, name in rows], np.int64)
    train, test = draw_test_part(y, 0.25, 0)
    assert data.x_train.dtype == np.float32
    np.testing.assert_array_equal(data.x_train, x[train])
    np.testing.assert_array_equal(data.x_test, x[test])
    np.testing.assert_array_equal(data.y_train, y[train])
    assert np.bincount(data.y_test).tolist() == [3, 2]
    assert data.table is not None
    assert data.table.features == ("a", "b")
    assert len(read(tmp_path, FLOWERS).y_test) == 4  # a fifth
    assert digests(read(tmp_path, FLOWERS, seed=3)) != digests(read(tmp_path, FLOWERS))


def written(rows: list[list[Any]], names: list[str] | None, draw: random.Random) -> str:
    """Return a table written in a random way."""
    delimiter, decimal = draw.choice(",;\t| "), draw.choice(".,")
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    grouped = draw.random() < 0.3
    end = draw.choice(["\n", "\r\n"])
    lines = [f"sep={delimiter}"] * draw.randrange(2) + ["# a comment"] * draw.randrange(2)

    def cell(value: Any) -> str:
        if isinstance(value, str):
            return value
        text = f"{value:,.3f}" if grouped and delimiter != " " else f"{value:.3f}"
        return text.translate(str.maketrans(".,", ",.")) if decimal == "," else text

    class Lines:
        def write(self, line: str) -> None:
            lines.append(line.removesuffix("\r\n"))
            if draw.random() < 0.1:
                lines.append("")

    writer = csv.writer(Lines(), delimiter=delimiter, quoting=quoting)
    for row in ([names] if names else []) + [[cell(value) for value in row] for row in rows]:
        writer.writerow(row)
    return end.join(lines) + draw.choice(["", end])


def test_every_way_of_writing_gives_the_same_arrays(tmp_path: Path) -> None:
    draws, draw = np.random.default_rng(1), random.Random(1)
    cities = ["Oslo", 'S"o Paulo', "Aix en Provence", "Rome; Italy, EU"]
    rows = [
        [float(a), float(b), cities[k % 4].replace(" ", "_") if k else cities[0], "yes" if k % 3 else "no", f"c{k % 2}"]
        for k, (a, b) in enumerate(draws.normal(size=(40, 2)) * [1, 3000])
    ]
    names = ["a", "b", "city", "ok", "species"]
    plain = ",".join(names) + "\n"
    for a, b, city, *rest in rows:
        quoted = '"' + city.replace('"', '""') + '"'
        plain += ",".join([f"{a:.3f}", f"{b:.3f}", quoted, *rest]) + "\n"
    expected = read(tmp_path, plain)
    assert expected.table is not None
    assert len(expected.table.features) == 7
    for _ in range(120):
        header = draw.random() < 0.5
        text = written(rows, names if header else None, draw)
        encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16"])
        found = read(tmp_path, text.encode(encoding), target="species" if header else 5)
        assert found.notes == expected.notes
        for part in ("x_train", "y_train", "x_test", "y_test"):
            np.testing.assert_array_equal(getattr(found, part), getattr(expected, part), err_msg=text[:300])


def test_other_delimiters_in_all_cells_of_a_column_separate_nothing(tmp_path: Path) -> None:
    rows = "".join(f"{k}.5,{'ab'[k % 2]};{'cd'[k // 2 % 2]}|x y,{'uv'[k // 4 % 2]}\n" for k in range(24))
    data = read(tmp_path, f"n,pair,species\n{rows}")
    assert data.table is not None
    assert data.table.features == ("n", "pair=a;c|x y", "pair=a;d|x y", "pair=b;c|x y", "pair=b;d|x y")


def test_numbers_with_groups_of_digits(tmp_path: Path) -> None:
    points = 'a;species\n"1,234.5";x\n1 000;x\n-1,234,567.5;y\n2e3;y\n'
    commas = "a;species\n1.234,5;x\n1'000;x\n-1.234.567,5;y\n2e3;y\n"
    for text in (points, commas):
        data = read(tmp_path, text, test_split=0.5)
        both = np.concatenate([data.x_train, data.x_test])
        assert sorted(both[:, 0].tolist()) == [-1234567.5, 1000, 1234.5, 2000]
    unclear = "a;species\n1,234;x\n5;x\n7;y\n8;y\n"
    assert problem(tmp_path, unclear) == (
        't.csv: "1,234" may be 1234 or 1.234; write "decimal": "." or "decimal": "," in data'
    )
    for decimal, value in ((".", 1234), (",", 1.234)):
        data = read(tmp_path, unclear, test_split=0.5, decimal=decimal)
        assert value in np.concatenate([data.x_train, data.x_test]).round(3)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("numbered", [False, True])
def test_names_that_count_the_columns_are_names(start: int, numbered: bool, tmp_path: Path) -> None:
    draws = np.random.default_rng(1).normal(size=(20, 3)).round(3).tolist()
    lines = [",".join(map(str, range(start, start + 4)))] + [
        ",".join(map(str, [*row, k % 2])) for k, row in enumerate(draws)
    ]
    if numbered:
        lines = [f"{number - 1 if number else ''},{line}" for number, line in enumerate(lines)]
    target = 5 if numbered else 4
    data = read(tmp_path, "\n".join(lines), target=target)
    assert (data.classes, len(data.y_train) + len(data.y_test)) == (("0", "1"), 20)
    assert data.table is not None
    assert data.table.features[-1] == str(start + 2)
    assert len(read(tmp_path, "\n".join(lines[1:]), target=target).y_train) == 16


def test_numbers_that_are_names_are_not_rounded(tmp_path: Path) -> None:
    numbers = [90071992547409931, 90071992547409932, 7]
    text = "a,b,species\n" + "".join(f"{k % 7}.5,{numbers[k % 3]},{numbers[k % 2]}\n" for k in range(24))
    message = (
        "a number of so many digits is rounded, so that different ones would be one name; put a letter before each; {} "
        "more cells of the column are such"
    )
    assert problem(tmp_path, text, ignore=["b"]) == f't.csv:2: column "species": {message.format(23)}'
    named = text.replace(",9", ",n9")
    assert read(tmp_path, named, ignore=["b"]).classes == ("n90071992547409931", "n90071992547409932")
    with_numbers = text.replace("931\n", "a\n").replace("932\n", "b\n")
    assert problem(tmp_path, with_numbers, categories=["b"]) == f't.csv:2: column "b": {message.format(15)}'
    assert read(tmp_path, with_numbers).features == ("a", "b")


def test_a_comment_that_seems_to_name_the_columns_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{k % 7}.5,{k % 5 - 2},{k % 2}\n" for k in range(20))
    told = f"{tmp_path}/t.csv:2: begins with # and is passed over; if it names the columns, take the # away"
    assert told in read(tmp_path, "# by hand, in 2024\n# a,b,species\n\n" + rows, target=3).notes
    for comment in ("# by hand, in 2024\n", "", "a,b,species\n", "# a,b,species\na,b,species\n"):
        assert not any("begins with #" in note for note in read(tmp_path, comment + rows, target=3).notes)


def test_latin_1_is_read_with_a_note(tmp_path: Path) -> None:
    data = read(tmp_path, FLOWERS.replace("setosa", "Köln").encode("latin-1"))
    assert data.classes == ("Köln", "virginica")
    assert "is not UTF-8, so it was read as Windows-1252" in data.notes[0]


def test_texts_booleans_and_categories_of_numbers(tmp_path: Path) -> None:
    rows = "".join(
        f"{k},{'TRUE' if k % 2 else 'False'},{'north' if k % 3 else 'south'},{k % 4 + 90},{k % 2}\n" for k in range(24)
    )
    data = read(tmp_path, "n,flag,side,zip,species\n" + rows, categories=["zip"], ignore=["n"])
    assert data.table is not None
    assert data.table.features == ("flag", "side=north", "side=south", "zip=90", "zip=91", "zip=92", "zip=93")
    assert data.classes == ("0", "1")
    x, y = data.x_train, data.y_train
    np.testing.assert_array_equal(x[:, 0], y)
    np.testing.assert_array_equal(x[:, 1:3].sum(axis=1), 1)
    np.testing.assert_array_equal(x[:, 3:].sum(axis=1), 1)
    assert any('column "flag" tells column "species" one to one' in text for text in data.notes)


def test_booleans_of_another_table_may_be_0_and_1_but_no_other_number(tmp_path: Path) -> None:
    rows = "".join(f"{'yes' if k % 3 else 'no'},{k % 2}\n" for k in range(12))
    (tmp_path / "test.csv").write_text("flag,species\n1,0\n0,1\n")
    settings = {"test_path": str(tmp_path / "test.csv")}
    assert read(tmp_path, "flag,species\n" + rows, **settings).x_test.tolist() == [[1], [0]]
    (tmp_path / "test.csv").write_text("flag,species\n1,0\n7,1\n-1,1\n")
    assert problem(tmp_path, "flag,species\n" + rows, **settings) == (
        'test.csv:3: column "flag": "7" is not true or false; 1 more cell of the column is such'
    )


def test_texts_that_come_again_among_numbers_are_categories(tmp_path: Path) -> None:
    rows = "".join(f"{['2', '3', '4', '5more'][k % 4]},{k % 7 or 'x'},{k // 5 % 2}\n" for k in range(40))
    message = problem(tmp_path, "doors,b,species\n" + rows.replace("x", "?"))
    assert message.startswith('t.csv:2: column "b": "?" stands for no value; 6 values of the column are missing')
    data = read(tmp_path, "doors,b,species\n" + rows, ignore=["b"])
    assert data.table is not None
    assert data.table.features == ("doors=2", "doors=3", "doors=4", "doors=5more")
    names = ("b=1", "b=2", "b=3", "b=4", "b=5", "b=6", "b=x")
    assert read(tmp_path, "doors,b,species\n" + rows, ignore=[1]).table.features == names


@pytest.mark.parametrize("date", ["2024-01-{}", "2024/1/{}", "{}.03.2024", "3/{}/99", "2024-01-{}T10:00:00Z", "10:{}"])
def test_dates_and_times_are_refused(date: str, tmp_path: Path) -> None:
    rows = "".join(f"{date.format(k + 10)},{k % 2}\n" for k in range(12))
    assert 'column "d" holds dates or times' in problem(tmp_path, "d,species\n" + rows)


def test_classes_are_in_the_order_of_numbers_or_letters(tmp_path: Path) -> None:
    numbers = "a,species\n" + "".join(f"{k * 0.5},{k % 3 * 5}\n" for k in range(12))
    assert read(tmp_path, numbers).classes == ("0", "5", "10")
    answers = "a,species\n" + "".join(f"{k * 0.5},{'yes' if k % 2 else 'no'}\n" for k in range(12))
    data = read(tmp_path, answers, YesOrNo)
    assert (data.classes, data.y_train.dtype) == (("no", "yes"), np.int64)


def test_targets_are_numbers_where_the_loss_takes_numbers(tmp_path: Path) -> None:
    text = "a,w,h\n" + "".join(f"{k * 0.5},{k / 4},{k}\n" for k in range(12))
    data = read(tmp_path, text, Numbers, target=["h", "w"])
    assert (data.classes, data.y_train.shape, data.y_train.dtype) == (None, (10, 2), np.float32)
    np.testing.assert_array_equal(data.y_train[:, 0], data.y_train[:, 1] * 4)
    assert read(tmp_path, text, None, target="w").classes is None


def test_several_columns_are_one_hot_or_several_answers(tmp_path: Path) -> None:
    text = "x,a,b\n" + "".join(f"{k * 0.5},{k % 2},{1 - k % 2}\n" for k in range(10))
    data = read(tmp_path, text, Classes, target=["a", "b"])
    assert (data.classes, data.y_train.ndim) == (("a", "b"), 1)
    several = "x,a,b\n" + "".join(f"{k * 0.5},{'yes' if k % 2 else 'no'},{int(k > 4)}\n" for k in range(10))
    data = read(tmp_path, several, YesOrNo, target=["a", "b"])
    assert (data.classes, data.y_train.shape, data.y_train.dtype) == (("a", "b"), (8, 2), np.float32)
    assert "is not 0 or 1, true or false" in problem(tmp_path, several.replace("no", "nix"), YesOrNo, target=["a", "b"])


def test_a_second_table_is_the_test_part(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("species;b;a\nvirginica;1,5;2\nsetosa;3;4\n")
    settings = {"test_path": str(tmp_path / "test.csv")}
    data = read(tmp_path, FLOWERS, **settings)
    np.testing.assert_array_equal(data.x_test, [[2, 1.5], [4, 3]])
    assert (len(data.x_train), data.y_test.tolist()) == (20, [1, 0])
    assert "leave one of them out" in problem(tmp_path, FLOWERS, test_split=0.5, **settings)
    (tmp_path / "test.csv").write_text("species;b\nvirginica;1,5\n")
    assert problem(tmp_path, FLOWERS, **settings) == 'test.csv: there is no column "a", which t.csv has'
    (tmp_path / "test.csv").write_text("species,b,a\nvirginca,1,2\n")
    assert 'test.csv:2: column "species": "virginca" is no class of the training; did you mean "virginica"?' in problem(
        tmp_path, FLOWERS, **settings
    )


def test_missing_values(tmp_path: Path) -> None:
    rows = [f"{k},{'north' if k % 2 else 'south'},{'yes' if k % 3 else 'no'},{k % 2}" for k in range(20)]
    rows[3], rows[5], rows[7] = ",north,no,1", "5,?,NA,1", "nan,null,yes,1"
    text = "n,side,ok,species\n" + "\n".join(rows)
    assert problem(tmp_path, text) == (
        't.csv:5: column "n": the cell is empty; in all 5 values of 3 columns are missing: "n", "side", "ok". Write '
        '"missing": "mean" in data to put the mean of the training part there, or take the rows out'
    )
    data = read(tmp_path, text, missing="mean")
    assert data.table is not None
    known = [float(row.split(",")[0]) for row in rows if row[0].isdigit()]
    labels = np.array([int(row[-1]) for row in rows])
    train, _ = draw_test_part(labels, 0.2, 0)
    mean = np.mean([known_value for i in train if (known_value := number(rows[i])) is not None])
    assert data.table.columns[0].mean == pytest.approx(mean)
    assert len(known) == 18
    x = np.zeros((20, 4))
    x[train] = data.x_train
    if 5 in train:
        np.testing.assert_allclose(x[5], [5, 0, 0, data.table.columns[2].mean], rtol=1e-6)
    assert "the answer is missing" in problem(tmp_path, FLOWERS.replace("setosa", "", 1), missing="mean")


def number(row: str) -> float | None:
    """Return the number in the first cell of a row; None for none."""
    return float(row.split(",")[0]) if row[0].isdigit() else None


def many(row: str, count: int = 12) -> str:
    """Return the lines of a table with the columns a, b and species, some like `row`."""
    return "a,b,species\n" + "".join(f"{k}.5,2,{'x' if k % 2 else 'y'}\n" for k in range(count)) + row


FAULTS: dict[str, tuple[str | bytes, dict[str, Any], str]] = {
    "empty": ("", {}, "t.csv: is empty"),
    "blank": ("\n\n", {}, "t.csv: holds no table, only blank lines"),
    "comments": ("# a\n#b\n", {}, "t.csv: holds no table, only comments"),
    "header alone": ("a,b,species\n", {}, "t.csv: holds the names of the columns alone, and no rows"),
    "header again": (
        many("a,b,species\n1,2,x\n"),
        {},
        "t.csv:14: repeats the names of the columns, as where two tables",
    ),
    "few cells": (many("1,2\n"), {}, 't.csv:14: has 2 cells, but the table 3 columns, separated by ","'),
    "many cells": (
        many("1,2,x,y\n"),
        {},
        't.csv:14: has 4 cells, but the table 3 columns, separated by ","; a cell with',
    ),
    "no such column": (FLOWERS, {"target": "specis"}, 'no column "specis"; did you mean "species"? The columns are'),
    "no such number": (FLOWERS, {"target": 4}, "t.csv: data.target is column 4, but the columns are 1…3"),
    "no such ignored": (FLOWERS, {"ignore": ["aa"]}, 't.csv: data.ignore: there is no column "aa"; did you mean "a"?'),
    "no header": ("1,2,x\n" * 4, {}, 'write "header": false, and columns by their numbers'),
    "number as text": ("1,2,x\n" * 4, {"header": False, "target": "3"}, "write the number of the column, without"),
    "not a number": (
        many("1,oops,x\n"),
        {},
        't.csv:14: column "b": "oops" is not a number with a decimal point, as 12 of',
    ),
    "infinite": (many("1,inf,x\n"), {}, 't.csv:14: column "b": "inf" is not a number'),
    "underscores": (many("1,1_000,x\n"), {}, 't.csv:14: column "b": "1_000" is not a number'),
    "too large": (
        many("1e39,2,x\n-4e38,2,y\n"),
        {},
        't.csv:14: column "a": 1e+39 is not a finite float32, whose range',
    ),
    "a long cell": (
        many(f"1,{'2' * 140_000},x\n"),
        {},
        "t.csv: a cell has more than 131,072 characters, as where a quote",
    ),
    "a long cell further on": (
        many(f"1,{'2' * 140_000},x\n", 1200),
        {},
        "t.csv:1202: a cell has more than 131,072 characters, as where a quote",
    ),
    "target ignored": (FLOWERS, {"ignore": ["species"]}, 'the column "species" is in data.target and in data.ignore'),
    "target twice": (FLOWERS, {"target": ["species", 3]}, 't.csv: data.target names the column "species" twice'),
    "target a category": (FLOWERS, {"categories": [3]}, "is in data.target and in data.categories; take one out"),
    "a name twice": ("a,a,species\n1,2,x\n", {}, 't.csv:1: columns 1 and 2 are both called "a"; rename one'),
    "binary": (b"a,species\n1,\0\n", {}, "t.csv: is no text: it has a null byte at offset 12"),
    "workbook": (b"PK\x03\x04rest", {}, "t.csv: is a zip archive, as Excel workbooks are; save the sheet as CSV"),
    "compressed": (b"\x1f\x8b\x08rest", {}, "t.csv: is compressed by gzip; unpack it"),
    "damaged": ("\ufeffa,b".encode("utf-16-le")[:-1], {}, "t.csv: begins like UTF-16, but is damaged"),
    "open quote": (many('1,"2,x\n3,4,y\n'), {}, "t.csv:14: a cell that begins with a quote must end with one"),
    "one class": (FLOWERS.replace("virginica", "setosa"), {}, 'holds "setosa" alone, so that there is nothing to tell'),
    "one sample": (
        many("1,2,z\n"),
        {},
        't.csv:14: column "species": "z" is the only sample of its class; a class needs',
    ),
    "a slip": (
        FLOWERS + "1,2,setossa\n",
        {},
        't.csv:22: column "species": "setossa" is the only sample of its class; did',
    ),
    "fractions": (
        many("1,2,x\n"),
        {"target": "a"},
        "0.5 is not the name of a class or a whole number, which CrossEntropy",
    ),
    "dates": (
        "d,species\n" + "".join(f"2024-01-{k + 10},{k % 2}\n" for k in range(12)),
        {},
        'column "d" holds dates or times, such as "2024-01-10"; write what matters of them as numbers',
    ),
    "names": (
        "name,species\n" + "".join(f"Person {k},{k % 2}\n" for k in range(12)),
        {},
        'column "name" has 12 different texts in 12 rows, such as "Person 0": a name or a number of each row is no '
        'category; leave it out: "ignore": ["name"]',
    ),
    "nothing": (
        "a,e,species\n" + "1,,x\n2,,y\n" * 5,
        {},
        'column "e" has no value at all; leave it out: "ignore": ["e"]',
    ),
    "the target alone": ("species\n" + "x\ny\n" * 5, {}, "has no column beside the target to learn from; nothing was"),
    "all ignored": (FLOWERS, {"ignore": ["a", "b"]}, "t.csv: has no column beside the target to learn from"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_one_clear_error(fault: str, tmp_path: Path) -> None:
    text, settings, message = FAULTS[fault]
    found = problem(tmp_path, text, **settings)
    assert message in found
    assert found.startswith(("t.csv", "data."))
    assert "\n" not in found


def test_faults_of_other_losses(tmp_path: Path) -> None:
    assert problem(tmp_path, FLOWERS, Numbers) == (
        't.csv:2: column "species": "setosa" is not a number with a decimal point, which MeanSquaredError needs; for '
        "classes take Softmax and CrossEntropy"
    )
    assert problem(tmp_path, many("1,2,1e39\n").replace("x", "1").replace("y", "2"), Numbers) == (
        't.csv:14: column "species": 1e+39 is not a finite float32, whose range is ±3.4e+38'
    )
    three = FLOWERS + "1,2,other\n" * 3
    assert '3 classes, "other", "setosa", "virginica", but BinaryCrossEntropy' in problem(tmp_path, three, YesOrNo)


def test_a_missing_file_names_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text(FLOWERS)
    with pytest.raises(DataError, match=r'irs\.csv: no such file; did you mean "iris\.csv"\? data\.path is relative'):
        load("csv", path=tmp_path / "irs.csv", settings={"target": "species"})
    with pytest.raises(DataError, match="no such file, nor a folder"):
        load("csv", path=tmp_path / "no" / "irs.csv", settings={"target": "species"})
    with pytest.raises(DataError, match="needs a target"):
        load("csv", path=tmp_path / "iris.csv")


def test_columns_that_tell_too_much_are_noted(tmp_path: Path) -> None:
    text = "id,code,b,species\n" + "".join(f"{k},{k // 10},{k % 7},{'xy'[k // 10]}\n" for k in range(20))
    notes = read(tmp_path, text).notes
    assert notes[0].endswith('column "id" only numbers the rows; leave it out: "ignore": ["id"]')
    assert 'column "code" tells column "species" one to one' in notes[1]
    prices = "a,price\n" + "".join(f"{k % 7},{200000 + 1000 * k}\n" for k in range(20))
    (note,) = read(tmp_path, prices, Numbers, target="price").notes
    assert "targets are learnt as they are, and outputs begin near 0: write them in a larger unit" in note


def test_lines_that_end_with_a_delimiter_have_no_further_column(tmp_path: Path) -> None:
    data = read(tmp_path, FLOWERS.replace("\n", ",\n"))
    assert data.shape == (2,)
    assert data.x_train.tolist() == read(tmp_path, FLOWERS).x_train.tolist()


def test_lines_may_be_longer_than_a_cell(tmp_path: Path) -> None:
    width = 9000
    rows = [[f"c{k}" for k in range(width)] + ["species"]]
    rows += [[f"{k * row % 11 + 1}.2500000000000" for k in range(width)] + ["xy"[row % 2]] for row in range(8)]
    data = read(tmp_path, "\n".join(map(",".join, rows)))
    assert data.x_train.shape == (6, width)


def test_columns_that_are_noted_are_not_all_named(tmp_path: Path) -> None:
    text = (
        ",".join(f"c{k}" for k in range(9))
        + ",species\n"
        + "".join(f"{f'{k % 2},' * 9}{'xy'[k % 2]}\n" for k in range(20))
    )
    notes = read(tmp_path, text).notes
    assert len(notes) == 4
    assert notes[3].endswith('6 more columns tell column "species" one to one')


def test_a_table_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed: list[int] = []
    monkeypatch.setattr(table_memory, "shortage", lambda size: needed.append(size) or "this machine has 1 B")
    text = "a,b,species\n" + "".join(f"{k % 10},{k % 7},{k % 2}\n" for k in range(5000))
    message = problem(tmp_path, text)
    assert "rows of 3 columns take" in message
    assert "but this machine has 1 B; leave columns out by data.ignore" in message
    assert needed[0] == pytest.approx(5000 * 3 * 28, rel=0.01)
    monkeypatch.setattr(table_memory, "shortage", lambda size: "there is 1 B" if size == 5000 * 2 * 12 else None)
    assert problem(tmp_path, text).startswith(
        "t.csv: 5,000 rows of 2 features take 117.2 KiB to read, but there is 1 B"
    )
    assert data_memory("csv", tmp_path / "t.csv").stored == pytest.approx(5000 * 20, rel=0.01)
    assert data_memory("csv", tmp_path / "none.csv").samples is None


def damaged(draw: random.Random) -> bytes:
    """Return the bytes of a table with a few random faults."""
    text = "a;b;c;species\n" + "".join(f"{k * 0.37:.2f};{k % 7},5;{'xyz'[k % 3]};{'uv'[k % 2]}\n" for k in range(60))
    marks = [
        '"',
        ";",
        ",",
        "\t",
        "\n",
        "\r",
        "\0",
        "NA",
        "",
        "1e999",
        "é",
        "\ufeff",
        "#",
        '""',
        "1,234",
        "2020-01-02",
        "_",
    ]
    for _ in range(draw.randrange(1, 6)):
        start = draw.randrange(len(text) + 1)
        text = text[:start] + draw.choice(marks) + text[start + draw.choice([0, 0, 1, 3, 40]) :]
    data = text.encode(draw.choice(["utf-8", "utf-16", "latin-1"]), "replace")
    return data[: draw.randrange(len(data) + 1)] if draw.random() < 0.1 else data


def try_damaged(folder: Path, count: int, seed: int) -> None:
    """Read damaged tables: each gives finite samples, or an error of ours."""
    draw = random.Random(seed)
    for _ in range(count):
        settings = {"target": draw.choice(["species", "a", 4, 1]), "missing": draw.choice(["refuse", "mean"])}
        try:
            data = read(folder, damaged(draw), draw.choice([Classes, Numbers, YesOrNo, None]), **settings)
        except DataError:
            continue
        assert all(np.isfinite(x).all() for x in (data.x_train, data.x_test, data.y_train, data.y_test))


def test_damaged_tables_are_read_or_refused(tmp_path: Path) -> None:
    try_damaged(tmp_path, 150, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_damaged_tables_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    try_damaged(tmp_path, 1000, seed)
