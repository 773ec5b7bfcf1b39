"""The table of settings that have no effect beside others: what is said of them, or why nothing is.

Test modules read this file with runpy, because they cannot import each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from typing import Any

CASES = run_path(str(Path(__file__).with_name("cases.py")))
DOCUMENTS = CASES["DOCUMENTS"]
pictures, vectors, network, data_of = (DOCUMENTS[name] for name in ("pictures", "vectors", "network", "data_of"))
table, photos = CASES["table"], CASES["photos"]
CONVOLUTION, DENSE, DATA, UNDIVIDED = CASES["CONVOLUTION"], CASES["DENSE"], CASES["DATA"], CASES["UNDIVIDED"][0]


@dataclass(frozen=True)
class Dead:
    """A setting that does nothing in a document. path: where it is. value: what it is there, rather than absent.

    words: of the one line that is said of it; "" where nothing is, for a reason that stands beside it.
    """

    document: Mapping[str, Any]
    path: str
    value: Any
    words: str = ""


def momentum(**settings: Any) -> Mapping[str, Any]:
    """Return an optimizer."""
    return {"type": "SGDMomentum", "learning_rate": 0.05, **settings}


def by(optimizer: Mapping[str, Any], *layers: Any, **sections: Any) -> Mapping[str, Any]:
    """Return a network of pictures that is trained by an optimizer."""
    return pictures(*(layers or (CONVOLUTION,)), optimizer=optimizer, **sections)


def grouped(*groups: Mapping[str, Any], **settings: Any) -> Mapping[str, Any]:
    """Return a network with groups of parameters."""
    return by(momentum(groups=list(groups), **settings))


def scheduled(type_: str, **settings: Any) -> Mapping[str, Any]:
    """Return a network with a schedule."""
    return by(momentum(schedule={"type": type_, **settings}))


def last_dense(*layers: Any, **settings: Any) -> Mapping[str, Any]:
    """Return a network of pictures with settings of its last layer."""
    end = ({"type": "Flatten"}, {"type": "Dense", "units": 7, **settings}, {"type": "Softmax"})
    return network(*layers, *end, shape=[2, 6, 6], file="pictures.npz", loss={"type": "CrossEntropy"})


def run(**training: Any) -> Mapping[str, Any]:
    """Return a network with these settings of its training."""
    return pictures(CONVOLUTION, training={"epochs": 4, "batch_size": 16, **training})


DIGITS = next(data_of("digits", {"validation_split": 0}))
WHOLE = pictures(CONVOLUTION, data={**DATA, "path": "pictures.npz", "validation_split": 0})
BIASES, WEIGHTS, ALL = ({"match": match} for match in ("*/biases", "*/weights", "*"))
FROZEN = {"trainable": {"weights": False}}
NO_BIAS = {"use_bias": False}
NORMALISED = {"type": "BatchNormalization"}
SHARP = {"type": "reduce_on_plateau", "patience": 1, "min_scale": 0.5}
ADAM = {"type": "Adam", "weight_decay": 0.1}
RELU = {"type": "ReLU"}
MUON = {"type": "Muon", "momentum": 0, "groups": [{**BIASES, "optimizer": {"type": "SGD"}}]}
DEAD: list[Dead] = [
    # of the optimizer
    Dead(by(momentum(momentum=0)), "optimizer.nesterov", True, "looks ahead along the momentum, which is 0"),
    Dead(by(MUON), "optimizer.nesterov", True, "looks ahead along the momentum, which is 0"),
    Dead(by(momentum()), "optimizer.decay_biases", True, "no bias decays, because weight_decay is 0"),
    Dead(last_dense({**CONVOLUTION, **FROZEN}, **FROZEN), "optimizer.weight_decay", 0.1, "it trains no weights"),
    Dead(
        {**last_dense({**CONVOLUTION, **NO_BIAS}, **NO_BIAS), "optimizer": momentum(weight_decay=0.1)},
        "optimizer.decay_biases",
        True,
        "nothing more decays, because it trains no biases, scales or shifts",
    ),
    # of groups
    Dead(grouped({**WEIGHTS, "optimizer": ADAM}), "optimizer.weight_decay", 0.1, "it trains no weights, which alone"),
    Dead(grouped({**WEIGHTS, "weight_decay_scale": 0}), "optimizer.weight_decay", 0.1, "a weight_decay_scale of 0"),
    Dead(grouped({**BIASES, "optimizer": {"type": "Adam"}}), "optimizer.groups.0.optimizer.weight_decay", 0.1, "it tr"),
    Dead(
        grouped({**WEIGHTS, "optimizer": ADAM}),
        "optimizer.groups.0.optimizer.decay_biases",
        True,
        "nothing more decays",
    ),
    Dead(
        by(momentum(weight_decay=0.1)),
        "optimizer.groups",
        [{**BIASES, "weight_decay_scale": 0}],
        "nothing in this group decays anyway",
    ),
    Dead(
        grouped({**BIASES, "learning_rate_scale": 2}, weight_decay=0.1),
        "optimizer.groups.0.weight_decay_scale",
        0,
        "nothing in this group decays anyway",
    ),
    *(
        Dead(by(momentum(weight_decay=0.1)), "optimizer.groups", [group], "its parameters are trained as without it")
        for group in (
            BIASES,
            {**WEIGHTS, "weight_decay_scale": 1},
            {**WEIGHTS, "schedule": {"type": "constant"}},
        )
    ),
    Dead(
        by(momentum()),
        "optimizer.groups",
        [{**ALL, "optimizer": momentum()}],
        "SGDMomentum trains nothing, because each",
    ),
    Dead(by(momentum()), "optimizer.groups", [{**WEIGHTS, "optimizer": momentum()}], "trained as without it"),
    Dead(
        grouped({**ALL, "learning_rate_scale": 2, "schedule": {"type": "cosine"}}),
        "optimizer.schedule",
        {"type": "one_cycle"},
        "sets no learning rate, because each parameter is in a group with a schedule of its own",
    ),
    # of schedules
    Dead(scheduled("one_cycle", warmup_epochs=1), "optimizer.schedule.peak", 0.5, "has no effect beside warmup_epochs"),
    Dead(scheduled("one_cycle", warmup_epochs=0), "optimizer.schedule.start_scale", 0.7, "because warmup_epochs is 0"),
    Dead(by({"type": "SGD"}), "optimizer.schedule", {"type": "one_cycle", "start_scale": 1, "final_scale": 1}, "stays"),
    Dead(by({"type": "SGD"}), "optimizer.schedule", {"type": "step", "every": 4}, "the learning rate never changes"),
    Dead(by({"type": "SGD"}), "optimizer.schedule", {"type": "cosine", "final_scale": 1}, "leaves the learning rate"),
    Dead(by({"type": "SGD"}), "optimizer.schedule", {"type": "reduce_on_plateau"}, "the learning rate never falls"),
    # of layers
    Dead(pictures(CONVOLUTION, NORMALISED), "layers.0.use_bias", True, "BatchNormalization subtracts the bias again"),
    Dead(
        pictures(CONVOLUTION),
        "layers.0.trainable",
        {"weights": {"until_epoch": 9}},
        "weights are never frozen, because",
    ),
    Dead(pictures(CONVOLUTION, RELU, {"type": "PReLU"}), "layers.2.trainable", False),  # told of the layer, below
    Dead(
        pictures(CONVOLUTION, {"type": "LayerNormalization", "scale": False, "center": False}),
        "layers.1.trainable",
        False,
        "the layer has no parameters; leave this out",
    ),
    *(
        Dead(pictures(CONVOLUTION, layer), "layers.1.strides", 3, "one window of 6×6 is all that fits")
        for layer in (
            {"type": "MaxPooling2D", "pool_size": 6},
            {"type": "AveragePooling2D", "pool_size": 6},
            {"type": "Conv2D", "filters": 2, "kernel_size": 6, "padding": "valid"},
        )
    ),
    # of the training
    Dead(run(epochs=1), "training.keep_best", "validation_loss", "keep_best has no choice, because the run has 1"),
    Dead(run(), "training.early_stopping", {"patience": 4}, "the run cannot end early"),
    Dead(run(), "training.early_stopping", {"start_from_epoch": 4}, "no epoch is watched"),
    Dead(run(), "training.averaging", {"type": "exponential", "decay": 0}, "makes the average the last weights"),
    Dead(WHOLE, "evaluation", {"every": 2}, "nothing is validated, because data.validation_split is 0"),
    # of the data
    Dead(DIGITS, "data.seed", 7, "chooses no sample, but those of --limit"),
    Dead(WHOLE, "data.seed", 7, "chooses no sample, but those of --limit"),
    Dead(table(test_path="other.csv", validation_split=0), "data.seed", 7, "chooses no sample, but those of --limit"),
    # None of these is noted, because it says in words what is so without it, …
    Dead(by(momentum()), "optimizer.schedule", {"type": "constant"}),
    Dead(pictures(CONVOLUTION), "layers.0.trainable", {"weights": True}),
    Dead(pictures(CONVOLUTION, {"type": "MaxPooling2D"}), "layers.1.strides", 2),
    Dead(pictures({**CONVOLUTION, "kernel_size": 1}), "layers.0.padding", "valid"),
    Dead(table(), "data.delimiter", ","),
    Dead(table(), "data.header", True),
    Dead(table(7, target="e"), "data.categories", ["kind"]),
    Dead(UNDIVIDED, "data.test_split", 0.2),
    Dead(WHOLE, "data.seed", 0),
    Dead(WHOLE, "evaluation", {"every": 1}),
    # … because it is the end of a range that is tried, …
    Dead(pictures(CONVOLUTION), "loss.label_smoothing", 0),
    Dead(by(momentum()), "optimizer.weight_decay", 0),
    Dead(grouped({**WEIGHTS, "learning_rate_scale": 2}), "optimizer.groups.0.weight_decay_scale", 0),
    Dead(grouped({**WEIGHTS, "learning_rate_scale": 2}, weight_decay=0.1), "optimizer.groups.0.weight_decay_scale", 1),
    # … or because it takes effect with other data.
    Dead(by(momentum()), "optimizer.clip_norm", 1e6),
    Dead(vectors(training={"epochs": 4, "batch_size": 4}), "training.drop_last", True),
    Dead(table(), "data.missing", "mean"),
    Dead(photos(), "data.damaged", "skip"),
    Dead(photos((3, 8, 12), size=[8, 12]), "data.resize", "stretch"),
    Dead(run(averaging={"type": "exponential", "decay": 0.999}), "training.averaging.decay", 0.9999),
]
SILENT_LAYERS = [  # that leave their input as it is, and are the end of a range that is tried
    pictures(CONVOLUTION, {"type": "Dropout", "rate": 0}),
]
IDLE_LAYERS: list[tuple[Mapping[str, Any], str]] = [
    (pictures(CONVOLUTION, {"type": "Scale", "factor": 1}), "1 leaves its input as it is"),
    (pictures(CONVOLUTION, {"type": "LeakyReLU", "negative_slope": 1}), "1 leaves its input as it is"),
    (pictures(CONVOLUTION, {"type": "MaxPooling2D", "pool_size": 1}), "leaves the image as it is"),
    (vectors(DENSE, {"type": "Flatten"}), "its input is a vector of 4 already; leave the layer out"),
    *(
        (
            pictures(CONVOLUTION, RELU, *between, layer),
            f'{layer["type"]} changes nothing, because the outputs of "relu_1"',
        )
        for between in (
            (),
            ({"type": "MaxPooling2D"},),
            ({"type": "Dropout", "rate": 0.1}, {"type": "Scale", "factor": 2}),
        )
        for layer in (RELU, {"type": "LeakyReLU"}, {"type": "ELU"}, {"type": "PReLU"})
    ),
    (pictures(CONVOLUTION, {"type": "Sigmoid"}, RELU), 'because the outputs of "sigmoid_1" are never negative'),
    (
        pictures(CONVOLUTION, RELU, {"type": "Residual", "layers": [RELU, CONVOLUTION]}),
        "layers[2].layers[0]: ReLU changes nothing",
    ),
]
LIVE_LAYERS = [
    pictures(CONVOLUTION, {"type": "MaxPooling2D", "pool_size": 3}, {**CONVOLUTION, "kernel_size": 1, "strides": 2}),
    pictures(CONVOLUTION, {"type": "MaxPooling2D", "pool_size": 6}),
    pictures({**CONVOLUTION, "kernel_size": 6, "strides": 6, "padding": "valid"}),
    pictures(CONVOLUTION, RELU, CONVOLUTION, RELU),
    pictures(CONVOLUTION, RELU, {"type": "Scale", "factor": -1}, RELU),
    pictures(CONVOLUTION, {"type": "Tanh"}, RELU),
    pictures(CONVOLUTION, RELU, {"type": "LayerNormalization"}, RELU),
    pictures(CONVOLUTION, RELU, {"type": "Residual", "layers": [CONVOLUTION, RELU]}),
    pictures(CONVOLUTION, {"type": "Residual", "layers": [CONVOLUTION]}, RELU),
]
