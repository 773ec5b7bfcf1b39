"""Documents of small networks, by number, in which everything that a run has to carry over comes up."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

Values = dict[str, Any]

OPTIMIZERS: list[Values] = [  # with rates at which the figures go up and down
    {"type": "SGD", "learning_rate": 0.5, "weight_decay": 0.001},
    {"type": "SGDMomentum", "learning_rate": 0.3, "nesterov": True, "clip_norm": 1},
    {"type": "Adam", "learning_rate": 0.05},
    {"type": "AdamW", "learning_rate": 0.05, "weight_decay": 0.1},
    {"type": "RMSprop", "learning_rate": 0.02},
    {"type": "Lion", "learning_rate": 0.02},
    {
        "type": "SGDMomentum",
        "learning_rate": 0.1,
        "groups": [{"match": "conv/weights", "optimizer": {"type": "Muon", "learning_rate": 0.05}}],
    },
]
SCHEDULES: list[Values | None] = [
    None,
    {"type": "constant", "warmup_epochs": 1.5},
    {"type": "cosine", "final_scale": 0.1},
    {"type": "step", "every": 1, "factor": 0.7},
    {"type": "one_cycle"},
    {"type": "piecewise_linear", "points": [[0, 0.3], [0.4, 1], [1, 0.1]]},
    {"type": "reduce_on_plateau", "patience": 1, "factor": 0.5},
]
AUGMENTATIONS: list[list[Values]] = [
    [],
    [{"type": "RandomFlip"}],
    [{"type": "RandomTranslate", "pixels": 2}],
    [{"type": "RandomAffine", "degrees": 20, "scale": 0.2}],
    [{"type": "Cutout", "size": 3}],
    [{"type": "RandomFlip"}, {"type": "RandomTranslate", "pixels": 1}, {"type": "Cutout", "size": 2}],
]
AVERAGINGS: list[Values | None] = [None, {"type": "exponential", "decay": 0.8}, {"type": "lookahead", "every": 3}]
GROUPS: list[Values] = [
    {"match": "*/biases", "learning_rate_scale": 2},
    {"match": "out/*", "learning_rate_scale": 0.5, "schedule": {"type": "reduce_on_plateau", "patience": 1}},
]


def choice(number: int) -> Values:
    """Return what the document with this number has, each kind in turn and the rest at random."""
    draws = random.Random(number)
    return {
        "optimizer": OPTIMIZERS[number % len(OPTIMIZERS)],
        "schedule": SCHEDULES[(number + number // len(SCHEDULES)) % len(SCHEDULES)],
        "augment": AUGMENTATIONS[number % len(AUGMENTATIONS)],
        "averaging": AVERAGINGS[number % len(AVERAGINGS)],
        "whitened": draws.random() < 0.4,
        "grouped": draws.random() < 0.5,
        "epochs": draws.choice([3, 2.5, 5, 4.25]),
        "drop_last": draws.random() < 0.5,
        "early_stopping": draws.random() < 0.5,
        "keep_best": draws.choice([None, "validation_loss", "validation_accuracy"]),
        "every": draws.choice([1, 1, 2]),
        "views": draws.choice(["none", "flip"]),
        "seed": draws.randrange(1000),
        "limit": draws.choice([None, 70]),
        "kernels": draws.choice(["numpy", "numba"]),
        "fixed": draws.choice([{}, {}, {"trainable": False}, {"trainable": {"statistics": False}}]),
    }


def document(number: int) -> Values:
    """Return the document with this number; its data are those of `write_data`."""
    chosen = choice(number)
    first: Values = {"type": "Conv2D", "name": "first", "filters": 16, "kernel_size": 3}
    if chosen["whitened"]:
        first |= {"filters": 24, "kernel_size": 2, "padding": "valid", "initializer": "patch_whitening"}
        first["trainable"] = {"weights": False, "biases": {"until_epoch": 2}}
    groups = [*chosen["optimizer"].get("groups", []), *(GROUPS if chosen["grouped"] else [])]
    optimizer = chosen["optimizer"] | ({"groups": groups} if groups else {})
    epochs: float = chosen["epochs"]
    if chosen["schedule"] is not None and chosen["schedule"]["type"] == "reduce_on_plateau":
        chosen |= {"early_stopping": False, "every": 1}  # so that the loss rises before the end
        epochs += 2
    training: Values = {"epochs": epochs, "batch_size": 16, "seed": chosen["seed"]}
    training["drop_last"] = chosen["drop_last"]
    for name in ("averaging", "keep_best"):
        training |= {name: chosen[name]} if chosen[name] else {}
    if chosen["early_stopping"]:
        training["early_stopping"] = {"patience": 1, "min_delta": 0.01}
    return {
        "input": {"shape": [3, 8, 8]},
        "layers": [
            first,
            {"type": "BatchNormalization"},
            {"type": "GELU"},
            {"type": "MaxPooling2D"},
            {"type": "Conv2D", "name": "conv", "filters": 16, "use_bias": False},
            {"type": "BatchNormalization", **chosen["fixed"]},
            {"type": "ReLU"},
            {"type": "Dropout", "rate": 0.2},
            {"type": "Flatten"},
            {"type": "Dense", "name": "out", "units": 4},
            {"type": "Softmax"},
        ],
        "loss": {"type": "CrossEntropy", "label_smoothing": 0.1},
        "optimizer": optimizer | ({"schedule": chosen["schedule"]} if chosen["schedule"] else {}),
        "data": {"dataset": "npz", "path": "data.npz", "validation_split": 0.2, "augment": chosen["augment"]},
        "training": training,
        "evaluation": {"every": chosen["every"], "test_time_augmentation": chosen["views"]},
    }


def write_data(folder: Path) -> None:
    """Write images of four classes that cannot quite be learnt."""
    draws = np.random.default_rng(3)
    labels = draws.integers(0, 4, 120)
    images = draws.integers(0, 200, (120, 3, 8, 8)).astype(np.uint8)
    images[np.arange(120), :, labels * 2, :] += 40
    labels = np.where(draws.random(120) < 0.4, draws.integers(0, 4, 120), labels)
    np.savez(folder / "data.npz", x_train=images[:90], y_train=labels[:90], x_test=images[90:], y_test=labels[90:])


def write(folder: Path, number: int) -> Path:
    """Write the document with this number and its data; return the document's path."""
    write_data(folder)
    file = folder / "net.json"
    file.write_text(json.dumps(document(number)), encoding="utf-8")
    return file
