"""report: the page about a training, of every kind of network, and what is said where none can be made."""

import base64
import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.benchmark.timing import QUICK
from graphnn.errors import GraphError
from graphnn.page import layer_times
from graphnn.page.saving import MARK
from graphnn.runs.facts import INTERRUPTED
from graphnn.runs.store import store_of
from graphnn.text.installing import extra_command

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & {{ 7 * 7 }} $\\frac$"
VOID = {"meta", "link", "img", "br", "hr", "input"}
Run = Callable[..., Any]


class Page(HTMLParser):
    """What a page is made of. text: of all elements, with one space between. wrong: elements that are not closed."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.html = file.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.wrong: list[str] = []
        self.feed(self.html)
        self.wrong += self.open
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def checked(file: Path) -> Page:
    """Return a page, which is whole, stands alone, and can be read by all."""
    page = Page(file)
    assert page.html.startswith("<!doctype html>")
    assert page.wrong == []
    assert len(page.html.encode()) <= 2_000_000
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("script") == []
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    sources = [str(attributes[name]) for _, attributes in page.tags for name in ("src", "href") if name in attributes]
    assert all(source.startswith(("data:", "#")) for source in sources)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {source[1:] for source in sources if source.startswith("#")} <= set(ids)
    assert set(re.findall(r"url\(([^)]*)\)", page.html)) <= {f"#{each}" for each in ids}
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert all(attributes.get("scope") for attributes in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))
    return page


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers timed for a moment only."""
    monkeypatch.setattr(layer_times, "BUDGET", QUICK)


@pytest.fixture
def make(graphnn: Run, tmp_path: Path) -> Callable[..., Page]:
    """Make a page by `report net.json ARGUMENTS…`, and return it."""

    def run(*arguments: str | Path) -> Page:
        done = graphnn("report", tmp_path / "net.json", *arguments)
        assert done.returncode == 0, done.stderr
        assert "net.html written" in done.stdout
        return checked(tmp_path / "net.html")

    return run


def section(page: Page, id: str) -> str:
    """Return the HTML of a section."""
    return page.html.partition(f'<section id="{id}"')[2].partition("</section>")[0]


def test_the_page_of_a_classifier_has_all_sections(trained: Path, make: Callable[..., Page], graphnn: Run) -> None:
    page = make()
    figures = json.loads(graphnn("evaluate", trained, "--format", "json").stdout)
    assert f"test accuracy {figures['accuracy']:.2%}" in page.text
    assert "360 samples that training never saw" in page.text
    assert section(page, "curves").count("<svg") == 3
    assert section(page, "results").count("<td") > 100
    for row in figures["confusion_matrix"]:
        assert f">{max(row)}</td>" in section(page, "results")
    wrong = 360 - sum(row[at] for at, row in enumerate(figures["confusion_matrix"]))
    assert f"{min(25, wrong)} of {wrong} mistakes in 360 samples" in page.text
    assert section(page, "mistakes").count("<img") == min(25, wrong)
    assert section(page, "network").count('class="layer ') == 2 + 6
    assert "with the loss" in section(page, "network")
    assert section(page, "weights").count("<img") == 16
    assert "units, as images of 1×8×8, of hidden" in page.text
    assert section(page, "samples").count("<img") == 8
    assert '"BatchNormalization"' in page.text
    assert "trained" in section(page, "origin")
    assert "net.json --quiet" in page.text


def test_several_runs_are_overlaid_and_compared(trained: Path, make: Callable[..., Page], train: Run) -> None:
    assert train("--quiet", "--set", "optimizer.learning_rate=0.01", "--set", "training.epochs=1")[0] == 0
    page = make("2", "1")
    curves = section(page, "curves")
    assert "run 2" in curves
    assert "What differs between run 2 and run 1" in curves
    assert re.search(r"optimizer.learning_rate</code></th><td><code>0.01</code></td><td><code>0.05", curves)
    assert "The sections below are about run 2" in page.text
    assert "run 2 of net.json" in page.text
    alone = make("2")
    assert "What changed since run 1" in alone.text
    assert "What differs in the document now setting in run 2 in the document now" in alone.text
    assert "As it was trained, with all defaults" in alone.text
    assert "epochs 1" in alone.text


def test_what_set_changes_for_the_page_is_not_said_to_be_trained(trained: Path, make: Callable[..., Page]) -> None:
    page = make("--set", "training.batch_size=7")
    assert "setting in run 1 in the document now, with --set training.batch_size" in page.text
    assert "As it was read for this page, with --set and all defaults" in page.text
    assert "As it was trained" not in page.text


def test_weights_of_no_run_have_a_page_without_curves(trained: Path, make: Callable[..., Page]) -> None:
    shutil.rmtree(store_of(trained.with_suffix(".npz")).folder)
    values = json.loads(trained.read_text())
    used = values["training"]["batch_size"]
    values["training"]["batch_size"] = used + 1
    trained.write_text(json.dumps(values))
    page = make()
    assert f"batches of {used}" in page.text  # as the weights say
    assert "no history of their training" in section(page, "curves")
    assert "<svg" not in section(page, "curves")
    assert "test accuracy" in page.text
    assert "epochs 3" in page.text


def test_an_unfinished_run_has_a_page_by_its_last_weights_or_without_any(
    trained: Path, make: Callable[..., Page]
) -> None:
    trained.with_suffix(".npz").unlink()
    (run,) = store_of(trained.with_suffix(".npz")).runs()
    facts = json.loads(run.facts_file.read_text())
    facts |= {"state": INTERRUPTED, "figures": {}, "done": 3, "epochs": 9, "ended": None}
    run.facts_file.write_text(json.dumps(facts))
    run.weights.rename(run.last)
    page = make()
    assert "interrupted; 9 were planned" in page.text
    assert "Results on the validation part" in page.text
    assert "144 samples that training did not learn from" in page.text
    assert "--resume 1" in page.text
    run.last.unlink()
    run.checkpoint.unlink()
    page = make()
    assert "--resume" not in page.text
    assert "Run 1 has no weights yet" in page.text
    assert section(page, "curves").count("<svg") == 3
    assert section(page, "network").count('class="layer ') == 2 + 6


def test_a_training_without_test_is_measured_on_the_validation_part(
    document: Path, train: Run, make: Callable[..., Page]
) -> None:
    assert train("--quiet", "--no-test")[0] == 0
    assert "Results on the validation part" in make().text


def test_figures_on_the_training_part_are_never_silent(
    document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    small["data"]["validation_split"] = 0
    document.write_text(json.dumps(small))
    assert train("--quiet", "--no-test")[0] == 0
    page = make()
    assert "Results on the training part" in page.text
    assert "Measured on the training part: the network has learnt from these samples" in page.text


def test_a_regression_has_predictions_against_the_truth(
    regression: Path, train: Run, make: Callable[..., Page]
) -> None:
    assert train("--quiet")[0] == 0
    page = make()
    assert section(page, "results").count("<svg") == 4
    assert "output 1" in section(page, "results")
    assert re.search('aria-label="R² by epoch; run 1 ends after [0-9]+ epochs at [−.0-9]+"', section(page, "curves"))
    assert section(page, "mistakes").count("<tr>") == 1 + 25
    assert "All weights of dense_1: a row for each of its 2 units" in page.text
    assert "Confusion" not in page.text


def test_one_yes_or_no_has_a_roc_curve(regression: Path, small: dict[str, Any], train: Run, make: Run) -> None:
    arrays = dict(np.load(regression))
    names = {part: (arrays[part][:, 0] > 0).astype(int) for part in ("y_train", "y_test")}
    np.savez(regression, **arrays | names | {"class_names": np.array(["low", HOSTILE])})
    small["layers"] = [{"type": "Dense", "units": 1}, {"type": "Sigmoid"}]
    small["loss"] = {"type": "BinaryCrossEntropy"}
    regression.with_name("net.json").write_text(json.dumps(small))
    assert train("--quiet")[0] == 0
    page = make()
    assert "ROC curve" in page.html
    assert section(page, "results").count("<svg") == 3
    assert HOSTILE.split("$")[0].strip() in page.text


def test_several_yes_or_no_have_figures_for_each(
    regression: Path, small: dict[str, Any], train: Run, make: Run
) -> None:
    arrays = dict(np.load(regression))
    answers = {part: (arrays[part] > 0).astype(np.float32) for part in ("y_train", "y_test")}
    np.savez(regression, **arrays | answers)
    small["layers"] = [{"type": "Dense", "units": 2}, {"type": "Sigmoid"}]
    small["loss"] = {"type": "BinaryCrossEntropy"}
    regression.with_name("net.json").write_text(json.dumps(small))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    page = make()
    assert "Each output" in page.text
    assert "Confusion" not in page.text
    assert '<th scope="col">output</th>' in section(page, "mistakes")


def test_blocks_are_drawn_as_blocks_and_augmentations_as_draws(
    document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    convolution = {"type": "Conv2D", "filters": 4, "kernel_size": 3}
    small["input"]["shape"] = [1, 8, 8]
    small["layers"] = [
        convolution,
        {"type": "Residual", "name": "both", "layers": [convolution, {"type": "ReLU"}], "shortcut": [convolution]},
        {"type": "Residual", "name": "plain", "layers": [convolution]},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ]
    small["data"]["augment"] = [{"type": "RandomTranslate", "pixels": 1}]
    document.write_text(json.dumps(small))
    assert train("--quiet", "--limit", "60", "--set", "training.epochs=1")[0] == 0
    page = make()
    drawn = section(page, "network")
    assert drawn.count('<li class="block">') == 2
    assert drawn.count('class="layer ') == 2 + 10
    assert drawn.count("the block’s input, unchanged") == 1
    assert section(page, "weights").count("<img") == 4
    assert section(page, "samples").count("<img") == 8 * 5
    assert "changed anew in each epoch by RandomTranslate" in page.text
    assert "no more than 60 samples of each part (--limit)" in page.text
    assert "epochs 1" in page.text


def test_hostile_names_are_text(document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]) -> None:
    small |= {"name": HOSTILE, "description": f"{HOSTILE}\u202e\u0000"}
    small["layers"][0] |= {"name": "<b>hidden", "description": HOSTILE}
    document.write_text(json.dumps(small))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    page = make()
    assert page.text.count(HOSTILE) >= 4  # in the title, the head, the network and the document
    assert "\u202e" not in page.html
    assert "\0" not in page.html


def test_where_the_data_are_gone_the_page_is_made_without_them(
    regression: Path, train: Run, make: Callable[..., Page]
) -> None:
    assert train("--quiet")[0] == 0
    regression.unlink()
    page = make()
    assert f"The data could not be read: {regression}: no such file" in page.text
    assert "Without the data, there are no samples to show." in page.text
    assert section(page, "curves").count("<svg") == 4
    assert "All weights of dense_1" in page.text


def test_data_are_found_after_the_folder_was_renamed(regression: Path, train: Run, graphnn: Run) -> None:
    assert train("--quiet")[0] == 0
    moved = regression.parent.with_name("moved")
    regression.parent.rename(moved)
    done = graphnn("report", moved / "net.json")
    assert done.returncode == 0
    assert "measured on the test part" in done.stdout


def test_a_document_that_was_broken_since_leaves_that_of_the_run(trained: Path, make: Callable[..., Page]) -> None:
    trained.write_text("{")
    page = make()
    assert "the document of run 1, because that of now cannot be read: " in page.text
    assert "As it was trained, with all defaults" in page.text


def test_a_page_is_replaced_and_nothing_else_is(trained: Path, graphnn: Run, make: Callable[..., Page]) -> None:
    trained.with_name("net.html").write_text(f"<!doctype html>\n{MARK}an older page")
    assert "older" not in make().text
    for name, content in (("mine.html", "<html>"), ("net.json", None), ("empty.html", "")):
        file = trained.with_name(name)
        if content is not None:
            file.write_text(content)
        before = file.read_bytes()
        done = graphnn("report", trained, "--output", file)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert file.read_bytes() == before
    assert "is no page of graphnn report, so it is not replaced" in done.stderr


def test_a_page_is_written_through_a_link_that_leads_nowhere_yet(trained: Path, graphnn: Run) -> None:
    link, place = trained.with_name("link.html"), trained.with_name("page.html")
    link.symlink_to(place)
    assert graphnn("report", trained, "--output", link).returncode == 0
    assert link.is_symlink()
    assert MARK in place.read_text()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("there/is/none.html", "there is no folder"),
        ("net.runs/0001/page.html", "the folder of a run, into which nothing else is written"),
        ("page.pdf", "the name of a page ends in .html; name it"),
        (".", "the name of a page ends in .html"),
    ],
)
def test_a_place_where_no_page_can_be_is_refused(output: str, said: str, trained: Path, graphnn: Run) -> None:
    before = sorted(trained.parent.rglob("*"))
    done = graphnn("report", trained, "--output", trained.parent / output)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(trained.parent.rglob("*")) == before


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_a_folder_is_no_name_of_a_page(output: str, trained: Path, graphnn: Run) -> None:
    done = graphnn("report", trained, "--output", output)
    assert done.returncode == 2
    assert f"the name of a page ends in .html; name it {Path(output, 'report.html')}, for example" in done.stderr


def test_a_folder_in_the_way_is_refused(trained: Path, graphnn: Run) -> None:
    trained.with_name("net.html").mkdir()
    done = graphnn("report", trained)
    assert done.returncode == 2
    assert done.stderr == f"{trained.with_name('net.html')}: is a folder, not a regular file\n"


def test_an_unknown_run_is_refused_with_those_there_are(trained: Path, graphnn: Run) -> None:
    done = graphnn("report", trained, "7")
    assert done.returncode == 2
    assert "there is no run 7, only run 1" in done.stderr
    assert not trained.with_name("net.html").exists()
    assert 'argument RUN: "seven" is not the number of a run' in graphnn("report", trained, "seven").stderr


def test_without_weights_and_runs_the_command_to_train_is_named(document: Path, graphnn: Run) -> None:
    done = graphnn("report", document)
    assert done.returncode == 2
    assert "there is nothing to show yet" in done.stderr
    assert f"train {document}" in done.stderr


def test_weights_that_do_not_fit_are_refused(trained: Path, small: dict[str, Any], graphnn: Run) -> None:
    shutil.rmtree(store_of(trained.with_suffix(".npz")).folder)
    small["layers"][0]["units"] = 17
    trained.write_text(json.dumps(small))
    done = graphnn("report", trained)
    assert done.returncode == 2
    assert "these weights do not fit" in done.stderr
    assert not trained.with_name("net.html").exists()


def test_a_missing_library_is_named_with_its_command(
    trained: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = graphnn("report", trained)
    assert done.returncode == 2
    assert done.stderr == (f"the page needs matplotlib and jinja2, but there is no jinja2: {extra_command('report')}\n")


def test_equal_runs_give_equal_pages_but_for_dates_and_times(trained: Path, make: Callable[..., Page]) -> None:
    def fixed(html: str) -> str:
        html = re.sub(r"on \d+ \w+ \d{4}, \d\d:\d\d", "", html)
        return re.sub(r'(<span class="bar"[^>]*></span>|: )?[\d.]+(%| ms a step)', "", html)

    assert fixed(make().html) == fixed(make().html)


def test_a_document_that_is_not_there_is_not_replaced_by_a_run_of_that_name(trained: Path, graphnn: Run) -> None:
    for name, said in (("net.jsn", "did you mean"), ("net.npz", "a weights file"), ("net.runs", "this is a folder")):
        done = graphnn("report", trained.with_name(name))
        assert done.returncode == 2
        assert said in done.stderr
    assert not trained.with_name("net.html").exists()


def test_weights_that_are_named_are_for_the_document(trained: Path, small: dict[str, Any], graphnn: Run) -> None:
    small["layers"][0]["units"] = 17
    other = trained.with_name("other.json")
    other.write_text(json.dumps(small))
    done = graphnn("report", other, "--weights", trained.with_suffix(".npz"))
    assert done.returncode == 2
    assert "these weights do not fit" in done.stderr


def test_figures_that_a_run_has_recorded_otherwise_are_told(
    document: Path, train: Run, make: Callable[..., Page]
) -> None:
    assert train("--quiet", "--limit", "40", "--set", "training.epochs=1")[0] == 0
    page = make()
    assert "360 samples that training never saw" in page.text
    assert re.search(r"the run recorded [\d.]+% on 40 samples or fewer", page.text)


def test_a_layer_that_cannot_be_timed_leaves_the_bars_out(
    trained: Path, make: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise GraphError("no time")

    monkeypatch.setattr(layer_times, "node_times", refuse)
    page = make()
    assert "The time of the layers was not measured: no time" in page.text
    assert 'class="bar"' not in section(page, "network")


@pytest.mark.parametrize("shape", [[64], [1, 8, 8]])
def test_a_network_that_learns_its_inputs_shows_what_it_gives_back(
    shape: list[int], document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    layer = {"type": "Dense", "units": 64} if shape == [64] else {"type": "Conv2D", "filters": 1, "kernel_size": 3}
    small |= {"input": {"shape": shape}, "layers": [layer], "loss": {"type": "MeanSquaredError"}}
    small["data"]["targets"] = "inputs"
    document.write_text(json.dumps(small))
    assert train("--quiet", "--set", "training.epochs=1", "--limit", "50")[0] == 0
    page = make()
    assert "What it gives back on the test part" in page.text
    assert section(page, "mistakes").count("<img") == 2 * 14
    assert "360 samples were looked at" in page.text
    assert "Confusion" not in page.text


def test_vectors_that_are_given_back_are_shown_as_numbers(
    regression: Path, small: dict[str, Any], document: Path, train: Run, make: Callable[..., Page]
) -> None:
    small["data"]["targets"] = "inputs"
    small["layers"] = [{"type": "Dense", "units": 4}]
    document.write_text(json.dumps(small))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    page = make()
    with np.load(regression) as arrays:
        x = arrays["x_test"]
    worst = re.findall(r'<td>given</td><td class="number">([^<]*)', section(page, "mistakes"))
    assert worst
    assert all(np.isclose(x[:, 0], float(value.replace("−", "-")), rtol=1e-4).any() for value in worst)
    assert '<span class="name">1</span>' in section(page, "samples")


def test_rows_of_a_table_are_named_by_their_lines(
    document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{rng.choice(['Oslo', 'Rome'])},{2 * x:.3f}" for x in rng.normal(size=90)]
    document.with_name("table.csv").write_text("\n".join(["size,city,price", "", *rows, ""]))
    small |= {"input": {"shape": [3]}, "layers": [{"type": "Dense", "units": 1}], "loss": {"type": "MeanSquaredError"}}
    small["data"] = {"dataset": "csv", "path": "table.csv", "target": "price"}
    document.write_text(json.dumps(small))
    assert train("--quiet", "--set", "training.epochs=1")[0] == 0
    page = make()
    lines = document.with_name("table.csv").read_text().splitlines()
    shown = re.findall(
        r'<span class="name">line (\d+)</span></th><td class="number">([^<]*)', section(page, "mistakes")
    )
    assert len(shown) == 18
    assert "in 1 layer Curves" in page.text
    assert "All weights of dense_1: a row for its unit, a column" in page.text
    for number, price in shown:
        assert float(lines[int(number) - 1].rpartition(",")[2]) == pytest.approx(float(price), abs=1e-5)
    assert "Samples are numbered" not in page.text
    assert all(name in section(page, "samples") for name in ("city=Oslo", "city=Rome", "size"))
    assert "errors, price" in section(page, "results")


def test_pictures_are_named_by_their_files(
    document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = document.with_name("animals") / name
        folder.mkdir(parents=True)
        for at in range(10):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{at}.png")
    small |= {"input": {"shape": [3, 8, 8]}}
    small["layers"] = [{"type": "Flatten"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}]
    small["data"] = {"dataset": "images", "path": "animals", "size": 8}
    document.write_text(json.dumps(small))
    cache = ("--data-dir", str(document.parent))
    assert train("--quiet", "--set", "training.epochs=1", "--set", "optimizer.learning_rate=1e-6", *cache)[0] == 0
    page = make("--split", "train", *cache)
    shown = re.findall(r'truth">(\w+)<.*?class="at">(\w+)/(\d)\.png<', section(page, "mistakes"))
    assert shown
    assert all(name == folder for name, folder, _ in shown)
    for (name, _, number), address in zip(shown, re.findall(r'base64,([^"]*)', section(page, "mistakes")), strict=True):
        stored = np.asarray(Image.open(document.with_name("animals") / name / f"{number}.png"))
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(address)))), stored)


def test_a_validation_part_that_the_files_have_is_not_said_to_be_held_out(
    document: Path, small: dict[str, Any], train: Run, make: Callable[..., Page]
) -> None:
    for at, place in enumerate(f"{part}/{name}" for part in ("train", "val", "test") for name in ("cat", "dog")):
        folder = document.with_name("animals") / place
        folder.mkdir(parents=True)
        for shade in (at, at + 100):
            Image.new("L", (4, 4), shade).save(folder / f"{shade}.png")
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2}, {"type": "Softmax"}]
    data = {"dataset": "images", "path": "animals", "size": 4, "color": "grey"}
    document.write_text(json.dumps(small | {"input": {"shape": [1, 4, 4]}, "layers": layers, "data": data}))
    cache = ("--data-dir", str(document.parent))
    assert train("--quiet", "--set", "training.epochs=1", *cache)[0] == 0
    page = make(*cache)
    assert "split the validation part of the data; samples 1×4×4" in page.text
    assert "held out" not in page.text


def test_a_wrong_setting_is_refused_without_a_note(trained: Path, graphnn: Run) -> None:
    done = graphnn("report", trained, "--set", "training.batch_size=0")
    assert done.returncode == 2
    assert done.stderr == "--set training.batch_size=0: training.batch_size: must be at least 1, found 0\n"
