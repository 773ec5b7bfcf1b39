"""The inspect table: golden text, settings in words, totals against what is really written, and absurd sizes."""

import csv
import importlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.datasets.loading import load
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.describe.describe import Description, describe
from graphnn.describe.memory import TrainingMemory
from graphnn.describe.report import description_report
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.machine.memory import Memory
from graphnn.reports.formats import render
from graphnn.specification.spec import Spec, read_spec, spec_from_values
from graphnn.storage.weights import save_weights
from graphnn.text.tables import display_width
from graphnn.training.metadata import weights_metadata

DOCUMENT: dict[str, Any] = {
    "name": "tiny",
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "name": "conv1", "filters": 32, "use_bias": False},
        {"type": "BatchNormalization"},
        {"type": "ReLU"},
        {"type": "MaxPooling2D"},
        {"type": "GlobalAveragePooling", "name": "pool"},
        {"type": "Dense", "name": "output", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 1, "batch_size": 32},
}
WIDE = """\
                                                                               output              multiply-  activation
#  name                  type                  settings                         shape  parameters       adds      memory
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
   input                                                                        1×8×8                              256 B
0  conv1                 Conv2D                3×3, 32 filters, same, no bias  32×8×8         288     18,432     8.0 KiB
1  batchnormalization_1  BatchNormalization    momentum 0.9                    32×8×8         128                8.0 KiB
2  relu_1                ReLU                                                  32×8×8                            8.0 KiB
3  maxpooling2d_1        MaxPooling2D          2×2                             32×4×4                            2.0 KiB
4  pool                  GlobalAveragePooling                                      32                              128 B
5  output                Dense                 10 units                            10         330        320        40 B
6  softmax_1             Softmax                                                   10                               40 B
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
trainable parameters                       682
not trainable                               64
multiply-adds of forward, one sample    18,752
activation memory, one sample         26.5 KiB
weight file                            7.3 KiB
optimizer state, Adam                  5.3 KiB
training memory, batch of 32          10.3 MiB
"""
NARROW = """\
                                                          output           mult-
#  name           type                  settings           shape  params    adds
────────────────────────────────────────────────────────────────────────────────
   input                                                   1×8×8
0  conv1          Conv2D                3×3, 32 filters,  32×8×8     288  18.4 k
                                        same, no bias
1  batchnorm…n_1  BatchNormalization    momentum 0.9      32×8×8     128
2  relu_1         ReLU                                    32×8×8
3  maxpoolin…d_1  MaxPooling2D          2×2               32×4×4
4  pool           GlobalAveragePooling                        32
5  output         Dense                 10 units              10     330     320
6  softmax_1      Softmax                                     10
────────────────────────────────────────────────────────────────────────────────
trainable parameters                       682
not trainable                               64
multiply-adds of forward, one sample    18,752
activation memory, one sample         26.5 KiB
weight file                            7.3 KiB
optimizer state, Adam                  5.3 KiB
training memory, batch of 32          10.3 MiB
"""


@pytest.fixture
def made() -> Callable[..., tuple[Spec, Description]]:
    """Return the spec and the description of DOCUMENT with some sections replaced."""

    def make(**sections: Any) -> tuple[Spec, Description]:
        spec = spec_from_values({**DOCUMENT, **sections})
        return spec, describe(spec, build_graph(spec))

    return make


Made = Callable[..., tuple[Spec, Description]]


def shown(description: Description, width: int | None = None, memory: int | None = None, form: str = "table") -> str:
    """Return the report of a description in a format, on a machine with so many bytes of memory."""
    machine = None if memory is None else Memory(memory, memory, "this machine")
    return render(description_report(description, machine), form, width)


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an estimate of the training memory that does not follow the engine's plan."""
    given = TrainingMemory(parameters=10_800_000, outputs=0, barriers=0, lanes=0, prepared=0, scratch=0, processes=1)
    monkeypatch.setattr(importlib.import_module("graphnn.describe.describe"), "training_memory", lambda *_: given)


@pytest.mark.usefixtures("estimated")
def test_golden_table(made: Made) -> None:
    assert shown(made()[1], 120) == WIDE


@pytest.mark.usefixtures("estimated")
def test_golden_table_of_a_narrow_terminal(made: Made) -> None:
    """Names are cut, as a last resort; types never are."""
    text = shown(made()[1], 80)
    assert text == NARROW
    assert max(map(len, text.splitlines())) <= 80


def test_where_there_is_no_terminal_nothing_is_cut(made: Made) -> None:
    text = shown(made()[1])
    assert "…" not in text
    assert max(map(display_width, text.splitlines())) <= 100
    names = [{"type": "Dense", "name": "n" * 90, "units": 10}, {"type": "Softmax"}]
    assert "n" * 90 in shown(made(input={"shape": [64]}, layers=names)[1])


@pytest.mark.parametrize("width", [80, 100, 120])
def test_models_fit_the_terminal(width: int) -> None:
    for file in sorted((Path(__file__).parents[2] / "models").glob("*.json")):
        spec = read_spec(file)
        text = shown(describe(spec, build_graph(spec)), width)
        assert max(map(display_width, text.splitlines())) <= width, file
        shortest = 17 if spec.document.origins and "blocks" in spec.document.value else None  # beside names of blocks
        assert all(layer.type[:shortest] in text for layer in spec.layers), file


OF_BLOCKS = """\
                                                       output          mult-
  #  name       type                  settings          shape  params   adds
────────────────────────────────────────────────────────────────────────────
     input                                              1×8×8
first stage: stage, filters 4
  0  .conv2d_1  Conv2D                3×3, 4 filters,   4×8×8      36  2,304
                                      same, no bias
  1  .sum       Residual              2 layers          4×8×8
1.0  .a.conv    Conv2D                3×3, 4 filters,   4×8×8     144  9,216
                                      same, no bias
1.1  .a.norm    BatchNormalization    momentum 0.9      4×8×8      16
  2  pool       GlobalAveragePooling                        4
  3  output     Dense                 10 units             10      50     40
  4  softmax_1  Softmax                                    10
"""


def test_layers_of_blocks_are_under_headings_where_their_names_do_not_fit() -> None:
    values = {
        **DOCUMENT,
        "defaults": {"Conv2D": {"use_bias": False}},
        "blocks": {
            "norm": {"parameters": ["filters"], "layers": [
                {"type": "Conv2D", "name": "conv", "filters": "$filters"},
                {"type": "BatchNormalization", "name": "norm"},
            ]},
            "stage": {"parameters": ["filters"], "layers": [
                {"type": "Conv2D", "filters": "$filters"},
                {"type": "Residual", "name": "sum", "layers": [{"type": "norm", "name": "a", "filters": "$filters"}]},
            ]},
        },
        "layers": [{"type": "stage", "name": "first stage", "filters": 4}, *DOCUMENT["layers"][4:]],
    }  # fmt: skip
    spec = spec_from_values(values, "tiny")
    description = describe(spec, build_graph(spec))
    assert shown(description, 77).startswith(OF_BLOCKS)
    wide = shown(description, 120)
    assert "first stage.a.conv" in wide
    assert "stage, filters" not in wide
    assert "first stage.sum" in render(description_report(description), "csv", None)


def test_counts_by_hand(made: Made) -> None:
    _, description = made()
    by_name = {row.name: row for row in description.rows}
    assert by_name["conv1"].parameters == 32 * 1 * 3 * 3
    assert by_name["conv1"].multiply_adds == 32 * 9 * 8 * 8
    assert by_name["conv1"].activation_bytes == 4 * 32 * 8 * 8
    norm = by_name["batchnormalization_1"]
    assert (norm.trainable, norm.not_trainable, norm.parameters) == (64, 64, 128)
    assert by_name["output"].parameters == 32 * 10 + 10
    assert description.trainable == 288 + 64 + 330
    assert description.not_trainable == 64
    assert description.multiply_adds == 18_432 + 320
    assert description.optimizer_bytes == 2 * 4 * description.trainable


@pytest.mark.parametrize(("optimizer", "slots"), [("SGD", 0), ("SGDMomentum", 1), ("Adam", 2)])
def test_optimizer_state(optimizer: str, slots: int, made: Made) -> None:
    _, description = made(optimizer={"type": optimizer})
    assert description.optimizer_bytes == 4 * slots * description.trainable


@pytest.mark.parametrize("normalize", ["per_channel", "per_feature", "none"])
def test_the_weight_file_is_about_as_large_as_said(normalize: str, made: Made, tmp_path: Path) -> None:
    spec, description = made(data={"dataset": "digits", "normalize": normalize})
    data = load("digits")
    meta = weights_metadata(
        spec.resolved(),
        classes=data.classes,
        normalisation=Normalisation.fit(data.x_train, normalize).to_json(),
        metrics={"epochs": 1, "validation": {"loss": 0.123456789, "accuracy": 0.987654321}},
        data=Provenance.of("digits", data, seed=0, validation_split=0.1, limit=None).to_json(),
    )
    file = tmp_path / "w.npz"
    save_weights(file, initialise(build_graph(spec), 0).named(), meta)
    size = file.stat().st_size
    assert abs(description.weight_file_bytes - size) < 600, size


def test_json(made: Made) -> None:
    content = json.loads(shown(made()[1], form="json"))
    assert content["layers"][0] == {
        "index": None,
        "path": None,
        "name": "input",
        "type": "Input",
        "settings": {},
        "output_shape": [1, 8, 8],
        "parameters": 0,
        "trainable": 0,
        "multiply_adds": 0,
        "activation_bytes": 256,
    }
    assert content["layers"][1]["settings"]["kernel_size"] == 3
    assert content["layers"][2]["parameters"] - content["layers"][2]["trainable"] == 64
    assert content["totals"]["parameters"] == 746
    assert content["batch_size"] == 32


def test_markdown(made: Made) -> None:
    lines = shown(made()[1], form="markdown").splitlines()
    assert lines[0].startswith("| # | name | type | settings | output shape | parameters | multiply-adds | ")
    assert lines[1] == "| ---: | :--- | :--- | :--- | ---: | ---: | ---: | ---: |"
    assert lines[3] == "| 0 | conv1 | Conv2D | 3×3, 32 filters, same, no bias | 32×8×8 | 288 | 18,432 | 8.0 KiB |"
    assert "- trainable parameters: 682" in lines


def test_csv(made: Made) -> None:
    rows = list(csv.DictReader(io.StringIO(shown(made()[1], form="csv"))))
    assert len(rows) == 8
    assert rows[0]["index"] == ""
    assert rows[1]["settings"] == "3×3, 32 filters, same, no bias"
    assert (rows[1]["output_shape"], rows[1]["multiply_adds"], rows[1]["activation_bytes"]) == (
        "32x8x8",
        "18432",
        "8192",
    )


def test_a_quadrillion_parameters(made: Made) -> None:
    units = 31_622_777
    layers = [{"type": "Dense", "units": units}, {"type": "Dense", "units": units}, *DOCUMENT["layers"][-2:]]
    _, description = made(input={"shape": [64]}, layers=layers)
    text = shown(description, 100, memory=16 * 2**30)
    assert description.trainable > 10**15
    assert f"{description.trainable:,}" in text
    assert re.search(r"\nnote: training needs \d\d\.\d PiB, this machine has 16\.0 GiB\n", text)


def test_no_note_where_memory_is_enough_or_unknown(made: Made) -> None:
    assert "note" not in shown(made()[1], memory=16 * 2**30)
    assert "note" not in shown(made()[1], memory=None)


def test_what_is_not_trained_counts_as_such() -> None:
    document: dict[str, Any] = {
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "Conv2D", "filters": 4, "trainable": {"weights": False, "biases": {"until_epoch": 2}}},
            {"type": "BatchNormalization", "scale": False},
            {"type": "Flatten"},
            {"type": "Dense", "units": 10},
            {"type": "Softmax"},
        ],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam"},
        "data": {"dataset": "digits"},
        "training": {"epochs": 3},
    }
    spec = spec_from_values(document)
    description = describe(spec, build_graph(spec))
    assert [(row.trainable, row.not_trainable) for row in description.rows[1:3]] == [(4, 36), (4, 8)]
    assert description.optimizer_bytes == 2 * 4 * description.trainable
    settings = json.loads(shown(description, form="json"))["layers"][1]["settings"]
    assert settings["initializer"] == "he_normal"
    assert settings["trainable"] == {"weights": False, "biases": {"until_epoch": 2}}


def test_second_sets_of_weights_count_as_memory_of_training() -> None:
    sizes = []
    for overrides in ([], ["training.averaging.type=lookahead"], ["training.keep_best=validation_loss"]):
        spec = spec_from_values(DOCUMENT, overrides=overrides)
        sizes.append(describe(spec, build_graph(spec)).training_bytes)
    spec = spec_from_values(DOCUMENT)
    trainable = sum(row.trainable for row in describe(spec, build_graph(spec)).rows)
    assert sizes == [sizes[0], sizes[0] + 4 * trainable, sizes[0] + 4 * trainable]


BLOCK: dict[str, Any] = {
    "type": "Residual",
    "name": "block",
    "layers": [
        {"type": "Conv2D", "filters": 4, "strides": 2},
        {"type": "Residual", "layers": [{"type": "BatchNormalization"}]},
    ],
    "shortcut": [{"type": "Conv2D", "name": "way", "filters": 4, "kernel_size": 1, "strides": 2}],
}


def test_the_inside_of_a_block_is_indented_and_counted(made: Made) -> None:
    spec, description = made(layers=[DOCUMENT["layers"][0], BLOCK, *DOCUMENT["layers"][4:]])
    lines = [re.split(r"\s{2,}", line.strip()) for line in shown(description, 150).splitlines()[4:10]]
    assert lines == [
        ["0", "conv1", "Conv2D", "3×3, 32 filters, same, no bias", "32×8×8", "288", "18,432", "8.0 KiB"],
        ["1", "block", "Residual", "2 layers, shortcut of 1", "4×4×4", "8.5 KiB"],
        ["1.0", "conv2d_2", "Conv2D", "3×3, 4 filters, stride 2, same", "4×4×4", "1,156", "18,432", "256 B"],
        ["1.1", "residual_2", "Residual", "1 layer", "4×4×4", "512 B"],
        ["1.1.0", "batchnormalization_1", "BatchNormalization", "momentum 0.9", "4×4×4", "16", "256 B"],
        ["1+0", "way", "Conv2D", "1×1, 4 filters, stride 2, same", "4×4×4", "132", "2,048", "256 B"],
    ]
    text = shown(description, 150).splitlines()
    assert [len(line) - len(line[7:].lstrip()) for line in text[4:10]] == [7, 7, 9, 9, 11, 9]
    graph = build_graph(spec)
    assert description.trainable == sum(p.size for node in graph.nodes for p in node.parameters if p.trainable)
    assert description.multiply_adds == sum(node.multiply_adds for node in graph.nodes)


def test_blocks_as_json_and_csv(made: Made) -> None:
    description = made(layers=[DOCUMENT["layers"][0], BLOCK, *DOCUMENT["layers"][4:]])[1]
    block, *_, normalization, way, pool = json.loads(shown(description, form="json"))["layers"][2:8]
    assert (block["index"], block["path"], block["settings"]) == (1, "layers[1]", {"layers": 2, "shortcut": 1})
    assert (block["parameters"], block["multiply_adds"], block["activation_bytes"]) == (0, 0, 4 * (2048 + 64 + 64))
    assert (normalization["index"], normalization["path"]) == (0, "layers[1].layers[1].layers[0]")
    assert (way["index"], way["path"], way["settings"]["kernel_size"]) == (0, "layers[1].shortcut[0]", 1)
    assert (pool["index"], pool["path"]) == (2, "layers[2]")
    rows = list(csv.DictReader(io.StringIO(shown(description, form="csv"))))
    assert [row["index"] for row in rows][:8] == [
        "", "0", "1", "1.layers.0", "1.layers.1", "1.layers.1.layers.0", "1.shortcut.0", "2",
    ]  # fmt: skip


GROUPS = [
    {"match": "conv1/*", "optimizer": {"type": "Muon", "learning_rate": 0.2}},
    {"match": "*/gamma", "learning_rate_scale": 10, "weight_decay_scale": 0.5, "schedule": {"type": "cosine"}},
]


def test_groups_of_the_optimizer_have_a_table(made: Made) -> None:
    schedule = {"type": "cosine"}
    optimizer = {"type": "SGDMomentum", "learning_rate": 0.05, "weight_decay": 0.001, "schedule": schedule}
    _, description = made(optimizer={**optimizer, "groups": GROUPS})
    found = [(one.match, one.optimizer, one.rate_text, one.decay_text, one.count) for one in description.groups]
    assert found == [
        ("conv1/*", "Muon", "0.2", "", 288),
        ("*/gamma", "SGDMomentum", "0.5, own schedule", "0.0005", 32),
        (None, "SGDMomentum", "0.05", "0.001 weights, 0 others", 32 + 330),
    ]
    assert description.groups[2].parameters == ("batchnormalization_1/beta", "output/weights", "output/biases")
    lines = shown(description, 150).splitlines()
    assert lines[-5].split("  ")[0] == "group"
    assert re.split("  +", lines[-1])[:5] == [
        "the rest",
        "SGDMomentum",
        "0.05",
        "0.001 weights, 0 others",
        "362",
    ]
    assert any(line.startswith("optimizer state, Muon and SGDMomentum ") for line in lines)
    assert "| `conv1/*` | Muon | 0.2 |  | 288 | conv1/weights |" in shown(description, form="markdown")
    assert json.loads(shown(description, form="json"))["groups"][1]["parameters"] == ["batchnormalization_1/gamma"]
    assert made(optimizer=optimizer)[1].groups == ()
    everything = {"type": "SGD", "groups": [{"match": "*"}]}
    assert made(optimizer=everything)[1].groups[0].parameters_text == "conv1/weights … output/biases"
