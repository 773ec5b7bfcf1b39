"""Overrides from the command line: applied by path or by layer name, and checked like the document."""

import json
from typing import Any

import pytest

from graphnn.errors import SpecError
from graphnn.specification.spec import Spec, parse_spec

DOCUMENT: dict[str, Any] = {
    "name": "net",
    "input": {"shape": [64]},
    "layers": [
        {"type": "Dense", "name": "a.b", "units": 20},
        {"type": "Dropout", "name": "a", "rate": 0.5},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 5},
}
FORMS = "write it as in optimizer.learning_rate or layers[3].rate"


def spec_with(*overrides: str) -> Spec:
    """Return the spec with overrides."""
    return parse_spec(json.dumps(DOCUMENT, indent=2), "net.json", overrides=overrides)


def refusal(*overrides: str) -> list[str]:
    """Return the problems with overrides, each as one line."""
    with pytest.raises(SpecError) as refused:
        spec_with(*overrides)
    return [str(problem).splitlines()[0] for problem in refused.value.problems]


def test_values_are_json_or_else_strings() -> None:
    spec = spec_with(
        "training.epochs=7", "name=seven", 'description="7"', "optimizer.weight_decay=1e-4", "input.shape=[1,8,8]"
    )
    assert spec.training["epochs"] == 7
    assert (spec.name, spec.description) == ("seven", "7")
    assert spec.optimizer.options["weight_decay"] == 1e-4
    assert spec.input_shape == (1, 8, 8)


def test_layers_go_by_index_or_by_name() -> None:
    spec = spec_with("layers[1].rate=0.25", "layers.a.b.units=30", "layers.dense_2.use_bias=false", "input.shape[0]=8")
    assert spec.layers[1].options["rate"] == 0.25
    assert spec.layers[0].options["units"] == 30  # the longest name that fits: a.b, not a
    assert spec.layers[2].options["use_bias"] is False
    assert spec.input_shape == (8,)
    assert spec_with("layers.a.rate=0.75").layers[1].options["rate"] == 0.75
    assert spec_with('layers.a={"type": "ReLU"}').layers[1].type == "ReLU"


def test_null_removes_a_value() -> None:
    spec = spec_with("name=null", "layers[1]=null", "layers[0].name=null")
    assert spec.name == "net"  # as the file
    assert [layer.name for layer in spec.layers] == ["dense_1", "dense_2", "softmax_1"]
    assert refusal("training.epoch=null") == [
        '--set training.epoch=null: training has no "epoch" to take out; did you mean "epochs"?'
    ]
    assert refusal("evaluation.every=null") == [
        '--set evaluation.every=null: the document has no "evaluation" to take out'
    ]
    assert refusal("layers[4]=null") == ["--set layers[4]=null: layers has 4 entries, [0] to [3]"]
    assert len(refusal("training.epochs=null")) == 1
    assert 'missing "epochs"' in refusal("training.epochs=null")[0]


def test_objects_on_the_way_are_made() -> None:
    schedule = spec_with("optimizer.schedule.type=step", "optimizer.schedule.every=2").optimizer.options["schedule"]
    assert (schedule.type, schedule.options["every"]) == ("step", 2)


def test_the_last_of_two_counts() -> None:
    assert spec_with("training.epochs=abc", "training.epochs=8").training["epochs"] == 8
    assert refusal("training.epochs=8", "training.epochs=0") == [
        "--set training.epochs=0: training.epochs: must be greater than 0, found 0"
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs=abc", 'training.epochs: expected a number, found the string "abc"'),
        ("training.batch_size=5.0", "training.batch_size: expected an integer, found 5.0; write 5"),
        ("training.epochs=NaN", 'training.epochs: expected a number, found the string "NaN"'),
        ("training.epochs=", 'training.epochs: expected a number, found the string ""'),
        ("layers.a.rate=2", 'layers[1] "a".rate: must be less than 1, found 2; 2 % is 0.02'),
        ("layers.a.rat=0.3", 'layers[1] "a": unknown key "rat"; did you mean "rate", which is there already?'),
        ("input.x=1", 'input: unknown key "x"; input has shape, description'),
        ("training.epochs", "write KEY=VALUE, for example training.epochs=5 or layers[3].rate=0.3"),
        ("=5", "write KEY=VALUE, for example training.epochs=5 or layers[3].rate=0.3"),
        ("layers[4].units=1", "layers has 4 entries, [0] to [3]"),
        ("layers.dens_2.units=1", 'there is no layer "dens_2"; did you mean "dense_2"?'),
        ("layers.zzz.units=1", 'there is no layer "zzz"; the layers are a.b, a, dense_2, softmax_1'),
        ("training..epochs=1", f'"training..epochs" is no path; {FORMS}'),
        ("layers[-1].units=1", f'"layers[-1].units" is no path; {FORMS}'),
        (".training=1", f'".training" is no path; {FORMS}'),
        ("training.epochs.x=1", 'training.epochs is not an object, so it has no "x"'),
        ("layers[0].units.x=1", 'layers[0] "a.b".units is not an object, so it has no "x"'),
        ("training[0]=1", "training is not a list, so it has no [0]"),
        ("[0]=1", "the document is not a list, so it has no [0]"),
        ("description=a\udcff", "this is not UTF-8, so no document can hold it"),
    ],
)  # fmt: skip
def test_problems_name_the_override(override: str, message: str) -> None:
    assert refusal(override) == [f"--set {override}: {message}"]


def test_all_wrong_overrides_are_reported_at_once() -> None:
    assert len(refusal("a", "layers.b.c=1", "training.epochs=1")) == 2
    assert len(refusal("training.epochs=0", "training.seed=-1")) == 2


def test_a_problem_elsewhere_that_an_override_causes_is_reported_there() -> None:
    assert refusal("layers.a.b.type=Flatten") == [
        'net.json:12:7: layers[0] "a.b": unknown key "units"; leave it out: it follows from the layer before'
    ]


def test_problems_with_objects_that_an_override_makes_name_the_override() -> None:
    assert refusal("optimizer.schedule.type=step") == [
        '--set optimizer.schedule.type=step: optimizer.schedule: missing "every", which step needs: '
        "epochs from one change to the next"
    ]
    assert refusal("traning.epochs=3") == [
        '--set traning.epochs=3: unknown key "traning"; did you mean "training", which is there already?'
    ]


def test_an_empty_list_has_no_entries() -> None:
    with pytest.raises(SpecError, match=r"--set layers\[0\]\.units=1: layers is empty"):
        parse_spec('{"layers": []}', overrides=["layers[0].units=1"])
    with pytest.raises(SpecError, match=r'there is no layer "a"$'):
        parse_spec('{"layers": []}', overrides=["layers.a.units=1"])


def test_long_overrides_are_named_by_their_start() -> None:
    (line,) = refusal(f"training.epochs={'9' * 100_000}")
    assert line.startswith(f"--set training.epochs={'9' * 183}…: training.epochs: expected a number")
    assert len(line) < 400


@pytest.mark.parametrize(("path", "name"), [("a." * 50_000 + "b", "a.a."), ("layers" + "[0]" * 40_000, "layers[0][0]")])
def test_paths_deeper_than_any_document_are_refused_at_once(path: str, name: str) -> None:
    (line,) = refusal(f"{path}=1")
    assert line.startswith(f"--set {name}")
    assert line.endswith("…: the path has more than 100 steps; a network needs only a few levels")


def test_an_index_of_many_digits() -> None:
    (line,) = refusal(f"layers[{'9' * 100_000}].units=3")
    assert line.endswith(f"is no path; {FORMS}")
    assert refusal(f"layers[{'9' * 30}].units=3") == [
        f"--set layers[{'9' * 30}].units=3: layers has 4 entries, [0] to [3]"
    ]


def test_overrides_that_cannot_be_applied_do_not_hide_others() -> None:
    found = refusal("training.epoch=5", "layers.conv9.filters=3", "training.batch_size=8", "optimizer.type=Adm")
    assert [line.split(":")[0] for line in found] == [
        "--set layers.conv9.filters=3",
        "--set optimizer.type=Adm",
        "--set training.epoch=5",
    ]
    assert 'write "epochs": 5' in found[2]
