"""What the schema cannot say of a setting: which values to try, with what beside it, and in which document.

Test modules read this file with runpy, because they cannot import each other.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from runpy import run_path
from typing import Any

DOCUMENTS = run_path(str(Path(__file__).with_name("documents.py")))
network, data_of, put = DOCUMENTS["network"], DOCUMENTS["data_of"], DOCUMENTS["put"]
pictures, vectors, answers = DOCUMENTS["pictures"], DOCUMENTS["vectors"], DOCUMENTS["answers"]
two_classes = DOCUMENTS["two_classes"]
CONVOLUTION, DENSE, DATA = DOCUMENTS["CONVOLUTION"], DOCUMENTS["DENSE"], DOCUMENTS["DATA"]


WHITENED, TRAINING, CLASSES = DOCUMENTS["WHITENED"], DOCUMENTS["TRAINING"], DOCUMENTS["CLASSES"]
INITIALIZERS = ("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "normal", "constant", "identity")


@dataclass(frozen=True)
class Case:
    """How one setting is tried. values: each of them must do something else; empty: those that the schema names.

    beside: settings of the same object. documents: those to try it in; empty: those that have the object. refused:
    what is said of values, by a word in them, that are refused always. shown: whether it is seen in what inspect
    shows, and not in any number.
    """

    values: Sequence[Any] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)
    documents: Iterable[Mapping[str, Any]] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    shown: bool = False


# Settings that a type needs, where the first values that the schema allows make no sense together.
REQUIRED: dict[str, dict[str, Any]] = {
    "layer.Dense": {"units": 4},
    "layer.Conv2D": {"filters": 3},
    "layer.Scale": {"factor": 0.5},
    "layer.Residual": {"layers": [CONVOLUTION]},
    "layer.Repeat": {"times": 2, "layers": [DENSE, {"type": "Tanh"}]},
    "augmentation.Cutout": {"size": 3},
    "optimizer.Muon": {"groups": [{"match": "*/biases", "optimizer": {"type": "SGD"}}]},
    "schedule.step": {"every": 1},
    "schedule.piecewise_linear": {"points": [[0, 1], [1, 0]]},
    "data.npz": {"path": "undivided.npz"},
    "data.images": {"path": "photos", "size": 8},
    "data.csv": {"path": "table.csv", "target": "kind"},
}
LIVELY = {  # settings with which a type does something in a short run, where it would not with its defaults
    "schedule.reduce_on_plateau": {"patience": 1},
    "averaging.lookahead": {"every": 2},
}
LONG = {"epochs": 16, "batch_size": 8}
STOPPED = {**LONG, "early_stopping": {"monitor": "validation_loss", "patience": 1}}
SLOW = {"type": "SGD", "learning_rate": 0.003}
FAST = {"type": "SGD", "learning_rate": 0.3}


def watched(document: Callable[..., Mapping[str, Any]], *layers: Any, seed: int, **more: Any) -> Mapping[str, Any]:
    """Return a document in which the figures of the validation part are not all best after the same epoch."""
    return document(*layers, training={**STOPPED, "seed": seed}, **more)


PICTURES = {**DATA, "path": "pictures.npz", "validation_split": 0.4}
UNEVEN = {**DATA, "path": "uneven.npz"}  # where the error, its square and the share of the variance disagree
WATCHED = [
    watched(vectors, DENSE, {"type": "Tanh"}, seed=1, optimizer=SLOW, data={**UNEVEN, "seed": 1}),
    watched(vectors, DENSE, {"type": "Tanh"}, seed=2, optimizer=SLOW, data={**UNEVEN, "seed": 2}),
    *(watched(pictures, CONVOLUTION, seed=seed, optimizer=FAST, data={**PICTURES, "seed": seed}) for seed in range(9)),
    *(watched(answers, DENSE, seed=seed, optimizer=FAST) for seed in range(2)),
    *(watched(two_classes, DENSE, seed=seed, optimizer=FAST) for seed in range(4)),
]
EXTRA: list[Mapping[str, Any]] = [
    pictures(evaluation={}, name="net", description="A network."),
    vectors({**DENSE, "trainable": {"weights": {"until_epoch": 1}}}),
    vectors(DENSE, optimizer={"type": "SGD", "weight_decay": 0.1, "groups": [{"match": "*/biases"}]}),
    *WATCHED,
]
CLASSIFIED = {"type": "CrossEntropy"}
PUBLISHED = {"digits": (1, 8, 8), "mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28)} | dict.fromkeys(
    ("cifar10", "cifar100"), (3, 32, 32)
)
PHOTOS = {"dataset": "images", "path": "photos", "size": 8, "validation_split": 0.25}
TABLE = {"dataset": "csv", "path": "table.csv", "target": "kind", "validation_split": 0.25}


def photos(shape: Sequence[int] = (3, 8, 8), **data: Any) -> Mapping[str, Any]:
    """Return a network of the classes of a folder of pictures."""
    end = ({"type": "Flatten"}, {"type": "Dense", "units": 3}, {"type": "Softmax"})
    return network(*end, shape=[*shape], file="", loss={"type": "CrossEntropy"}, data={**PHOTOS, **data})


def table(features: int = 5, outputs: int = 3, **data: Any) -> Mapping[str, Any]:
    """Return a network of the classes, or of numbers, of a table."""
    end = ({"type": "Dense", "units": outputs}, *([{"type": "Softmax"}] if outputs == 3 else []))
    loss = {"type": "CrossEntropy" if outputs == 3 else "MeanSquaredError"}
    return network(*end, shape=[features], file="", loss=loss, data={**TABLE, **data})


def of_inputs(shape: Sequence[int], **data: Any) -> Mapping[str, Any]:
    """Return an autoencoder of a data set."""
    end = ({"type": "Flatten"},) if len(shape) == 3 else ()
    size = math.prod(shape)
    settings = {"loss": {"type": "MeanSquaredError"}, "data": {"validation_split": 0.25, **data}}
    settings["optimizer"] = {"type": "Adam"}
    narrow, wide = ({"type": "Dense", "units": units} for units in (2, size))
    return network(*end, narrow, wide, shape=[*shape], file="", **settings)


NAMES = ("first", "second")
DECAY = {"weight_decay": 0.1}
PLATEAU = {"type": "reduce_on_plateau", "factor": 0.5, "patience": 0, "min_scale": 0.001}
PLATEAUS = [
    pictures(CONVOLUTION, optimizer={"type": "SGD", "learning_rate": 0.9, "schedule": PLATEAU}, training=LONG),
    vectors(DENSE, optimizer={"type": "SGD", "learning_rate": 0.3, "schedule": PLATEAU}, training=LONG),
]
MONITORED = [put(put(one, ("optimizer", "schedule"), PLATEAU), ("training", "early_stopping"), None) for one in WATCHED]
RESIDUAL = {"type": "Residual", "layers": [CONVOLUTION]}
REPEATED = [vectors({"type": "Repeat", "times": 2, "layers": [DENSE]})]
BLOCKS = [pictures(CONVOLUTION, RESIDUAL)]
FLAT_PICTURES = network(
    {"type": "Dense", "units": 3}, {"type": "Softmax"}, shape=[192], file="", loss=CLASSIFIED, data=PHOTOS
)
SEPARATED = {",": "table.csv", ";": "semicolons.csv", "\t": "tabs.csv", "|": "bars.csv", " ": "blanks.csv"}
UNDIVIDED = [
    network({"type": "Dense", "units": 3}, {"type": "Softmax"}, shape=[5], file="undivided.npz", loss=CLASSIFIED)
]
CASES: dict[str, Case] = {
    "name": Case(NAMES, shown=True),
    "layer.*.name": Case(NAMES, shown=True),
    "input.shape": Case(([2, 6, 6], [72]), documents=[pictures()], shown=True),  # its network flattens them at once
    "layer.Conv2D.padding": Case(("same", "valid", 2, [1, 0])),
    "layer.Dense.initializer": Case((*INITIALIZERS, {"type": "normal", "deviation": 0.5}), documents=[vectors(DENSE)]),
    "layer.Conv2D.initializer": Case((*INITIALIZERS, "patch_whitening"), documents=[pictures(WHITENED)]),
    "layer.Residual.layers": Case(([CONVOLUTION], [CONVOLUTION, {"type": "ReLU"}]), documents=BLOCKS),
    "layer.Repeat.times": Case((1, 2), documents=REPEATED),
    "layer.Repeat.layers": Case(([DENSE], [DENSE, {"type": "Tanh"}]), documents=REPEATED),
    "layer.Residual.shortcut": Case(([], [{**CONVOLUTION, "kernel_size": 1}]), documents=BLOCKS),
    "loss.CrossEntropy.class_weights": Case(("balanced", [3, 1], {"1": 2}, None), documents=[two_classes(DENSE)]),
    "loss.BinaryCrossEntropy.class_weights": Case(("balanced", [3, 1, 1], {"1": 2}, None), documents=[answers(DENSE)]),
    "optimizer.*.decay_biases": Case(beside=DECAY),
    "optimizer.*.clip_norm": Case((0.001, 10)),
    "optimizer.Muon.groups": Case([[{"match": "*/biases", "optimizer": {"type": type_}}] for type_ in ("SGD", "Adam")]),
    "group.match": Case(("*/biases", "*/weights"), beside={"learning_rate_scale": 3}),
    "group.optimizer": Case(({"type": "Adam"}, None)),
    "group.weight_decay_scale": Case(
        documents=[vectors(DENSE, optimizer={"type": "SGD", "weight_decay": 0.1, "groups": [{"match": "*/weights"}]})]
    ),
    "schedule.step.factor": Case((0.1, 0.5)),
    "schedule.*.warmup_epochs": Case((0, 2)),
    "schedule.reduce_on_plateau.patience": Case((1, 3), documents=PLATEAUS),  # 0 is as 1, of which there is a note
    "schedule.reduce_on_plateau.monitor": Case(documents=MONITORED),
    "schedule.reduce_on_plateau.*": Case(documents=PLATEAUS),
    "schedule.piecewise_linear.points": Case(([[0, 1], [1, 0]], [[0, 0.5], [1, 0]])),
    "augmentation.Cutout.size": Case((2, 4)),
    "data.*.validation_split": Case((0, 0.2, 0.4)),
    "data.*.normalize": Case(("per_channel", "per_feature", "unit", "none")),
    "data.npz.path": Case(("undivided.npz", "others.npz"), documents=UNDIVIDED),
    "data.npz.targets": Case(
        documents=[
            network({"type": "Dense", "units": 5}, shape=[5], file="mirrored.npz", loss={"type": "MeanSquaredError"})
        ]
    ),
    "data.npz.test_split": Case((0.2, 0.5), documents=UNDIVIDED),
    "data.images.path": Case(("photos", "more")),
    "data.images.size": Case((8, [4, 16], [16, 4]), documents=[FLAT_PICTURES]),
    "data.images.color": Case(documents=[photos(), photos((1, 8, 8))]),
    "data.images.damaged": Case(documents=[photos(path="damaged")], refused={"stop": "1 of 25"}),
    "data.images.targets": Case(documents=[photos(), of_inputs((3, 8, 8), **PHOTOS)]),
    "data.csv.path": Case(("table.csv", "other.csv")),
    "data.csv.target": Case(("kind", 5, ["a", "b"]), documents=[table(), table(7), table(6, 2)]),
    "data.csv.ignore": Case(([], ["a"], [2]), documents=[table(), table(4)]),
    "data.csv.categories": Case(([], ["e"]), documents=[table(), table(7)]),
    "data.csv.missing": Case(documents=[table(path="gaps.csv")], refused={"refuse": "missing"}),
    "data.csv.test_path": Case(("other.csv", "table.csv")),
    "data.csv.header": Case(documents=[table(path="numbers.csv", target=6)]),
    "data.csv.delimiter": Case(documents=[table(path=file) for file in SEPARATED.values()]),
    "data.csv.decimal": Case(documents=[table(), table(path="commas.csv")]),
    "data.csv.targets": Case(documents=[table(), of_inputs((5,), **TABLE)]),
    "data.csv.augment": Case(([], [{"type": "RandomFlip"}]), refused={"RandomFlip": "augment needs images"}),
    **{
        f"data.{name}.targets": Case(documents=[*data_of(name, {}), of_inputs(shape, dataset=name)])
        for name, shape in PUBLISHED.items()
    },
    "training.drop_last": Case(documents=[vectors(DENSE, training={**TRAINING, "batch_size": 9})]),
    "training.early_stopping": Case(({"patience": 1}, None), documents=WATCHED),
    "training.early_stopping.min_delta": Case((0, 0.5), documents=WATCHED),
    "training.early_stopping.monitor": Case(documents=WATCHED),
    "training.keep_best": Case(documents=WATCHED),
}
ELSEWHERE = {  # settings, by names or patterns, that no run sees, or that other tests hold
    "$schema": "read by editors: tests/specification/test_schema.py",
    "format_version": "has one value: tests/specification/test_schema.py",
    "layer.Repeat.name": "in messages and the outline of editors: tests/language_server/test_analysis.py",
    "layer.Repeat.description": "a repetition is not in the document that a run keeps",
    "defaults*": "the settings of the layers: tests/specification/test_plain_layers.py",
    "Dense/properties/*": "those of layer.*.initializer, referred to by defaults",
    "blocks": "tests/specification/test_plain_layers.py",
    "block.*": "tests/specification/test_plain_layers.py",
    "layer_in_block.*": "those of layer.*",
}
