"""Models as documents and back: every layer, loss, optimizer and schedule."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from graphnn.augmentation.base import AUGMENTATIONS, augmentations_from
from graphnn.errors import GraphError, SpecError
from graphnn.layers.base import LAYERS
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.base import LOSSES
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.model.model import Model
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.schedules.base import SCHEDULES, Schedule
from graphnn.schedules.cosine import Cosine
from graphnn.specification.spec import read_spec
from graphnn.specification.split_seed import moved_split

ROOT = Path(__file__).parents[2]
DATA = {"path": "data.npz"}
EXAMPLES: dict[str, Any] = runpy.run_path(str(ROOT / "tests" / "examples.py"))
required_settings = EXAMPLES["required_settings"]
# Every type with every setting at another value than its default.
LAYER_SETTINGS: dict[str, dict[str, Any]] = {
    name: EXAMPLES["other_settings"]("layer", name) for name in LAYERS.built_in()
}
VECTORS = {"Dense", "Softmax"}
LOSS_SETTINGS: dict[str, dict[str, Any]] = {
    "CrossEntropy": {"label_smoothing": 0.25},
    "BinaryCrossEntropy": {},
    "MeanSquaredError": {},
}
LOSS_END = {"CrossEntropy": "Softmax", "BinaryCrossEntropy": "Sigmoid", "MeanSquaredError": "Tanh"}
OPTIMIZER_SETTINGS: dict[str, dict[str, Any]] = {
    name: EXAMPLES["other_settings"]("optimizer", name) for name in OPTIMIZERS
}
AUGMENTATION_SETTINGS: dict[str, dict[str, Any]] = {
    "RandomFlip": {"mode": "alternating"},
    "RandomTranslate": {"pixels": 1, "padding": "zeros"},
    "RandomAffine": {"degrees": 20, "scale": 0.25, "shear": 5, "padding": "zeros"},
    "Cutout": {"size": 2},
}
SCHEDULE_SETTINGS: dict[str, dict[str, Any]] = {
    "constant": {"warmup_epochs": 1.5},
    "step": {"every": 2, "factor": 0.5, "warmup_epochs": 1},
    "cosine": {"final_scale": 0.25, "warmup_epochs": 1},
    "one_cycle": {"start_scale": 0.5, "peak": 0.5, "final_scale": 0.25},
    "reduce_on_plateau": {"factor": 0.5, "patience": 7, "min_scale": 0.25, "warmup_epochs": 1},
    "piecewise_linear": {"points": ((0, 0.5), (0.25, 1), (1, 0))},
}


def there_and_back(model: Model, folder: Path) -> Model:
    """Return the model that is read from the document which the model writes."""
    model.to_document(folder / "model.json", data=DATA, training={"epochs": 1})
    return Model.from_document(folder / "model.json")


def test_the_settings_here_are_complete() -> None:
    assert set(LOSS_END) == set(LOSS_SETTINGS) == set(LOSSES)
    assert set(SCHEDULE_SETTINGS) == set(SCHEDULES)
    assert set(AUGMENTATION_SETTINGS) == set(AUGMENTATIONS)
    for name, settings in LAYER_SETTINGS.items():
        layer, plain = LAYERS[name](**settings), LAYERS[name](**required_settings("layer", name))
        assert layer.settings().keys() == settings.keys()
        assert [
            key
            for key in settings
            if key not in required_settings("layer", name) and layer.settings()[key] == plain.settings()[key]
        ] == []


@pytest.mark.parametrize("name", LAYER_SETTINGS)
@pytest.mark.parametrize("as_default", [False, True])
def test_layers(name: str, as_default: bool, tmp_path: Path) -> None:
    required = {"layers": (ReLU(),)} if name == "Residual" else required_settings("layer", name)
    settings = required if as_default else {**LAYER_SETTINGS[name], "name": "mine", "description": "why"}
    model = Model(MeanSquaredError(), SGD())
    model.add(LAYERS[name](**settings, input_shape=(5,) if name in VECTORS else (2, 6, 6)))
    model.add(BatchNormalization())  # so that something is trained in any case
    again = there_and_back(model, tmp_path)
    assert again.layers == model.layers
    assert again.output_shape == model.output_shape
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))["layers"][0]
    assert written.keys() == {"type", *settings}


@pytest.mark.parametrize("name", LOSS_SETTINGS)
@pytest.mark.parametrize("as_default", [False, True])
def test_losses(name: str, as_default: bool, tmp_path: Path) -> None:
    settings = {} if as_default else LOSS_SETTINGS[name]
    model = Model(LOSSES[name](**settings), SGD())
    model.add(Dense(3, input_shape=(2,)))
    model.add(LAYERS[LOSS_END[name]]())
    assert there_and_back(model, tmp_path).loss == model.loss
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))["loss"]
    assert written.keys() == {"type", *settings}


@pytest.mark.parametrize("name", OPTIMIZER_SETTINGS)
@pytest.mark.parametrize("as_default", [False, True])
def test_optimizers(name: str, as_default: bool, tmp_path: Path) -> None:
    settings = {} if as_default else OPTIMIZER_SETTINGS[name]
    model = Model(MeanSquaredError(), OPTIMIZERS[name](**settings))
    model.add(Dense(3, use_bias=False, input_shape=(2,)))
    again = there_and_back(model, tmp_path)
    assert again.optimizer == model.optimizer
    assert again.schedule is None


def test_groups(tmp_path: Path) -> None:
    groups = (
        ParameterGroup(match="*/weights", optimizer=Muon(0.125), schedule=Cosine(final_scale=0.5)),
        ParameterGroup(match="*/biases", learning_rate_scale=64.0, weight_decay_scale=0.0),
    )
    model = Model(MeanSquaredError(), SGD(), groups=groups)
    model.add(Dense(3, input_shape=(2,)))
    assert there_and_back(model, tmp_path).groups == groups
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))["optimizer"]["groups"]
    assert written == [
        {
            "match": "*/weights",
            "optimizer": {"type": "Muon", "learning_rate": 0.125},
            "schedule": {"type": "cosine", "final_scale": 0.5},
        },
        {"match": "*/biases", "learning_rate_scale": 64.0, "weight_decay_scale": 0.0},
    ]


@pytest.mark.parametrize("name", SCHEDULE_SETTINGS)
def test_schedules(name: str, tmp_path: Path) -> None:
    model = Model(MeanSquaredError(), SGD(), SCHEDULES[name](**SCHEDULE_SETTINGS[name]))
    model.add(Dense(3, input_shape=(2,)))
    assert there_and_back(model, tmp_path).schedule == model.schedule


@pytest.mark.parametrize("as_default", [False, True])
def test_augmentations(as_default: bool, tmp_path: Path) -> None:
    """As objects or as in a document, where they may have a description."""
    settings = {name: {} if as_default else given for name, given in AUGMENTATION_SETTINGS.items()}
    objects = [AUGMENTATIONS[name](**given) for name, given in settings.items()]
    values = [{"type": name, "description": "why", **given} for name, given in settings.items()]
    model = Model(MeanSquaredError(), SGD(), augment=[*objects, *values])
    model.add(Flatten(input_shape=(3, 9, 9)))
    again = there_and_back(model, tmp_path)
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))["data"]["augment"]
    assert written == [{"type": name, **given} for name, given in settings.items()] + values
    for spec in (model.spec(), again.spec()):
        assert augmentations_from(spec.data["augment"]) == (*objects, *objects)
        descriptions = [section.description for section in spec.data["augment"]]
        assert descriptions == [None] * len(objects) + ["why"] * len(values)


def test_how_to_evaluate(tmp_path: Path) -> None:
    values = Model(MeanSquaredError(), SGD(), name="m")
    values.add(Flatten(input_shape=(3, 9, 9)))
    plain = values.to_document(data=DATA)
    assert "evaluation" not in plain
    file = tmp_path / "model.json"
    wanted = {"description": "why", "test_time_augmentation": "flip"}
    file.write_text(json.dumps({**plain, "evaluation": wanted}), encoding="utf-8")
    again = there_and_back(Model.from_document(file), tmp_path).to_document(data=DATA)
    assert again["evaluation"] == {**wanted, "every": 1}


@pytest.mark.parametrize("document", sorted((ROOT / "models").glob("*.json")), ids=lambda path: path.stem)
def test_the_documents_that_come_along(document: Path, tmp_path: Path) -> None:
    model = Model.from_document(document)
    model.to_document(tmp_path / "again.json")
    again = Model.from_document(tmp_path / "again.json")
    assert again.layers == model.layers
    assert again.spec().resolved() == model.spec().resolved()


def small(
    schedule: Schedule | None = None, name: str = "model", description: str | None = None, seed: int = 0
) -> Model:
    """Return a model that was not read from a document."""
    model = Model(CrossEntropy(), SGDMomentum(0.05), schedule, name=name, description=description, seed=seed)
    model.add(Dense(3, name="output", input_shape=(2,)))
    model.add(Softmax())
    return model


def test_the_layers_that_follow_repetitions_and_blocks_keep_their_names(document: Path, tmp_path: Path) -> None:
    values = json.loads(document.read_text(encoding="utf-8"))
    repeat = {"type": "Repeat", "times": 2, "layers": [{"type": "Dense", "units": 9}, {"type": "ReLU"}]}
    values["blocks"] = {"part": {"layers": [{"type": "Dense", "units": 9}, {"type": "Tanh"}]}}
    values["layers"] = [{"type": "Tanh"}, repeat, {"type": "part"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]
    document.write_text(json.dumps(values), encoding="utf-8")
    written = Model.from_document(document).to_document(tmp_path / "written.json")
    given = [None, "dense_1.1", "relu_1.1", "dense_1.2", "relu_1.2", "part_1.dense_1", "part_1.tanh_1", "dense_2", None]
    assert [layer.get("name") for layer in written["layers"]] == given
    assert read_spec(tmp_path / "written.json").layers == read_spec(document).layers


def test_to_document_writes_a_file_that_reads_back(tmp_path: Path) -> None:
    model = small(schedule=Cosine(warmup_epochs=1), name="blobs", description="three clouds")
    values = model.to_document(tmp_path / "blobs.json", data={"path": "blobs.npz"}, training={"epochs": 7})
    text = (tmp_path / "blobs.json").read_text(encoding="utf-8")
    assert json.loads(text) == values
    assert '    {"type": "Dense", "name": "output", "units": 3},\n' in text
    assert values["optimizer"] == {
        "type": "SGDMomentum",
        "learning_rate": 0.05,
        "schedule": {"type": "cosine", "warmup_epochs": 1},
    }
    again = Model.from_document(tmp_path / "blobs.json")
    assert (again.name, again.description, again.schedule) == ("blobs", "three clouds", Cosine(warmup_epochs=1))
    assert again.to_document()["training"] == {"epochs": 7, "batch_size": 128, "drop_last": False, "seed": 0}


def test_the_seed_of_the_split_is_written_beside_that_of_the_model(tmp_path: Path) -> None:
    """So that the text is not one of an older version, in which the model's seed split the data."""
    file = tmp_path / "blobs.json"
    values = small(seed=5).to_document(file, data={"path": "blobs.npz"})
    assert (values["data"]["seed"], values["training"]["seed"]) == (0, 5)
    assert moved_split(read_spec(file)) is None
    small(seed=5).to_document(file, data={"path": "blobs.npz", "seed": 3})
    again = Model.from_document(file)
    assert (again.seed, again.to_document()["data"]["seed"]) == (5, 3)


def test_to_document_needs_to_know_the_data() -> None:
    with pytest.raises(GraphError, match="to_document needs to know the data, for example"):
        small().to_document()
    with pytest.raises(SpecError, match="digits"):
        small().to_document(data={"dataset": "digits"})


def test_a_file_that_cannot_be_written_is_an_error_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "absent" / "blobs.json"
    with pytest.raises(GraphError, match=f"{re.escape(str(file))}: cannot be written: No such file or directory"):
        small().to_document(file, data=DATA)


def test_descriptions_go_there_and_back(tmp_path: Path) -> None:
    values = small(Cosine(), description="the whole").to_document(data=DATA)
    values["layers"][0]["description"] = "a layer"
    sections = ("input", "loss", "optimizer", "data", "training")
    for name in sections:
        values[name]["description"] = f"the {name}"
    values["optimizer"]["schedule"]["description"] = "the schedule"
    (tmp_path / "model.json").write_text(json.dumps(values), encoding="utf-8")
    again = Model.from_document(tmp_path / "model.json").to_document(data=DATA)
    assert {name: again[name]["description"] for name in sections} == {name: f"the {name}" for name in sections}
    assert again["optimizer"]["schedule"] == {"type": "cosine", "description": "the schedule"}
    assert (again["description"], again["layers"][0]["description"]) == ("the whole", "a layer")
