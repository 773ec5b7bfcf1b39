"""Documents with faults: seeded mutations of the shipped models and of small documents that use every section.

Test modules read this file with runpy, because they cannot import each other.
"""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphnn.model.definition import OF_EVERY_DATA_SET
from graphnn.specification.schema import load_schema

MODELS = Path(__file__).resolve().parents[2] / "models"
NUMBERS = (0, -1, 1, 2, 3, 7, 64, 1437, 65536, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 0.5, -0.0, 1.5, 0.1, 1e-9, 1e9,
           1e-45, 1e-300, 5e-324, 1e38, 1e300, 1.7976931348623157e308, -1e300, 0.999999999, 1.0000001)  # fmt: skip
# Written into the text instead of a number; some are no JSON.
TOKENS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400", "0x10", "1_000", "01", "+1", ".5", "5.", "1e")
WORDS = ("", " ", "a", "relu", "Relu", "é", "名前", "\u0000", "\u202e", "\ud83d\ude00", "a/b", "../x", "__meta__",
         "conv*", "*", "[", "NaN", "null", "true", "0", "loss", "layers", "x" * 300, "y" * 70000)  # fmt: skip
OTHERS = (None, True, False, 0, 1, "", "x", [], {}, [[]], [0], [1, 1], [3, 3], [1, 2, 3, 4], {"type": "ReLU"})
TRAINING = {"epochs": 2, "batch_size": 8}


def small_documents() -> list[dict[str, Any]]:
    """Return small documents that together use every section and every kind of setting."""
    dense = [{"type": "Dense", "units": 9}, {"type": "BatchNormalization"}, {"type": "ReLU"}]
    ends = [{"type": "Dense", "name": "end", "units": 10}, {"type": "Softmax"}]
    conv = {"type": "Conv2D", "name": "first", "filters": 4, "kernel_size": 2, "padding": "valid"}
    block = {
        "type": "Residual",
        "layers": [{"type": "Conv2D", "filters": 5, "strides": 2}, {"type": "BatchNormalization"}],
        "shortcut": [{"type": "AveragePooling2D"}, {"type": "Conv2D", "filters": 5, "kernel_size": 1}],
    }
    return [
        {
            "name": "vectors", "input": {"shape": [64]},
            "layers": [*dense, {"type": "Dropout", "rate": 0.3}, *ends],
            "loss": {"type": "CrossEntropy", "label_smoothing": 0.1},
            "optimizer": {"type": "AdamW", "learning_rate": 0.01, "clip_norm": 1, "weight_decay": 0.1,
                          "schedule": {"type": "one_cycle", "peak": 0.3},
                          "groups": [{"match": "end/*", "learning_rate_scale": 0.5, "weight_decay_scale": 0}]},
            "data": {"dataset": "digits", "validation_split": 0.1, "normalize": "per_feature"},
            "training": {**TRAINING, "seed": 3, "averaging": {"type": "exponential", "decay": 0.9, "every": 2},
                         "keep_best": "validation_accuracy",
                         "early_stopping": {"monitor": "validation_loss", "patience": 2, "min_delta": 0.01}},
            "evaluation": {"every": 2},
        },
        {
            "input": {"shape": [1, 8, 8]},
            "layers": [{**conv, "initializer": "patch_whitening",
                        "trainable": {"weights": False, "biases": {"until_epoch": 1}}},
                       {"type": "GELU"}, block, {"type": "PReLU"}, {"type": "Flatten"}, *ends],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGDMomentum", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True,
                          "schedule": {"type": "piecewise_linear", "points": [[0, 1], [0.5, 2], [1, 0]]},
                          "groups": [{"match": "*/weights", "optimizer": {"type": "Muon", "learning_rate": 0.02}}]},
            "data": {"dataset": "digits", "augment": [
                {"type": "RandomTranslate", "pixels": 1, "padding": "reflect"}, {"type": "Cutout", "size": 3},
                {"type": "RandomAffine", "degrees": 10, "scale": 0.1}, {"type": "RandomFlip"}]},
            "training": {**TRAINING, "epochs": 1.5, "drop_last": True,
                         "averaging": {"type": "lookahead", "every": 3, "decay": 0.9}},
            "evaluation": {"test_time_augmentation": "flip"},
        },
        {
            "input": {"shape": [3, 7, 9]},
            "layers": [{"type": "Conv2D", "filters": 3, "kernel_size": [3, 2], "strides": [1, 2], "padding": [1, 0]},
                       {"type": "LayerNormalization"}, {"type": "ELU", "alpha": 0.5},
                       {"type": "MaxPooling2D", "pool_size": 2, "strides": 1}, {"type": "Scale", "factor": 0.5},
                       {"type": "GlobalAveragePooling"}, {"type": "LeakyReLU"}, {"type": "Dense", "units": 2}],
            "loss": {"type": "MeanSquaredError"},
            "optimizer": {"type": "RMSprop", "schedule": {"type": "step", "every": 1, "factor": 0.5}},
            "data": {"dataset": "npz", "path": "mine.npz", "normalize": "per_channel"},
            "training": TRAINING,
        },
        {
            "format_version": 1, "input": {"shape": [5]},
            "layers": [{"type": "Residual", "layers": [{"type": "Dense", "units": 5,
                        "initializer": {"type": "normal", "deviation": 0.1}}, {"type": "Tanh"}]},
                       {"type": "SiLU"}, {"type": "Dense", "units": 1, "use_bias": False}, {"type": "Sigmoid"}],
            "loss": {"type": "BinaryCrossEntropy"},
            "optimizer": {"type": "Lion", "schedule": {"type": "reduce_on_plateau", "patience": 1, "factor": 0.1}},
            "data": {"dataset": "npz", "path": "mine.npz"}, "training": TRAINING,
        },
        {
            "input": {"shape": [4]},
            "layers": [{"type": "Dense", "units": 3}, {"type": "Softmax"}],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "Adam"},
            "data": {"dataset": "csv", "path": "mine.csv", "target": ["a", 2], "ignore": ["id"], "categories": [3],
                     "missing": "mean", "test_split": 0.3, "header": True, "delimiter": ";", "decimal": ","},
            "training": TRAINING,
        },
        {
            "input": {"shape": [105]},
            "layers": [{"type": "Dense", "name": "end", "units": 3}, {"type": "Softmax"}],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGD", "learning_rate": 0.1},
            "data": {"dataset": "images", "path": "animals", "size": [5, 7], "resize": "crop", "color": "rgb",
                     "damaged": "skip", "test_split": 0.3, "validation_split": 0.2,
                     "augment": [{"type": "RandomFlip"}]},
            "training": TRAINING,
        },
        {
            "input": {"shape": [1, 8, 8]},
            "defaults": {"Conv2D": {"use_bias": False, "kernel_size": 2}, "BatchNormalization": {"momentum": 0.8}},
            "blocks": {
                "conv": {"parameters": ["filters"], "optional": {"strides": 1, "start": {"type": "normal"}}, "layers": [
                    {"type": "Conv2D", "filters": "$filters", "strides": "$strides", "initializer": "$start"},
                    {"type": "BatchNormalization"}, {"type": "ReLU"}]},
                "stage": {"parameters": ["width", "times"], "layers": [
                    {"type": "conv", "filters": "$width", "strides": 2},
                    {"type": "Repeat", "times": "$times", "layers": [
                        {"type": "Residual", "layers": [{"type": "conv", "name": "inside", "filters": "$width"}]}]}]},
            },
            "layers": [{"type": "conv", "name": "stem", "filters": 3, "start": "he_uniform"},
                       {"type": "stage", "width": 4, "times": 2},
                       {"type": "Repeat", "times": 2, "layers": [{"type": "Conv2D", "filters": 3}, {"type": "ELU"}]},
                       {"type": "GlobalAveragePooling"}, *ends],
            "loss": {"type": "CrossEntropy", "class_weights": [1, 2, 1, 1, 0.5, 1, 1, 3, 1, 1]},
            "optimizer": {"type": "SGD", "learning_rate": 0.1},
            "data": {"dataset": "digits"}, "training": {**TRAINING, "keep_best": "validation_macro_f1"},
        },
    ]  # fmt: skip


def corpus() -> list[dict[str, Any]]:
    """Return the documents that are mutated."""
    shipped = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(MODELS.glob("*.json"))]
    return small_documents() * 4 + shipped


def mutant(seed: int) -> str:
    """Return the text of a document with one to four faults, which follow from the seed alone."""
    rng = random.Random(seed)
    mild = rng.random() < 0.6
    value = copy.deepcopy(rng.choice(small_documents() if mild else corpus()))
    if mild:  # any shape and any number of outputs will do
        shared = {key: setting for key, setting in value["data"].items() if key in OF_EVERY_DATA_SET}
        value["data"] = {**shared, "dataset": "npz", "path": "mine.npz"}
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        rng.choice(MILD if mild else EDITS)(value, rng)
    text = json.dumps(value, indent=rng.choice((None, 2)), ensure_ascii=rng.random() < 0.5)
    for token in TOKENS:
        text = text.replace(json.dumps(MARK + token), token)
    return damaged(text, rng) if not mild and rng.random() < 0.3 else text


MARK = "token:"
Place = tuple[Any, Any]  # an object or list, and a key or index of it


def places(value: Any) -> Iterator[Place]:
    """Yield every place in a value at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from places(item)


def of_type(value: Any, rng: random.Random, *types: type) -> Place | None:
    """Return a random place whose value has one of the types; None where there is none."""
    found = [(at, key) for at, key in places(value) if type(at[key]) in types]
    return rng.choice(found) if found else None


def change_number(value: Any, rng: random.Random) -> None:
    """Write another number, or what looks like one."""
    place = of_type(value, rng, int, float)
    if place is not None:
        at, key = place
        near = (at[key] * 10, at[key] / 10, -at[key], at[key] + 1, at[key] * 1000)
        at[key] = rng.choice((rng.choice(NUMBERS), rng.choice(near), MARK + rng.choice(TOKENS)))


def turn_number(value: Any, rng: random.Random) -> None:
    """Write another number that may well be meant."""
    place = of_type(value, rng, int, float)
    if place is not None:
        at, key = place
        if type(at[key]) is int:
            at[key] = rng.choice((1, 2, 3, 4, 5, 7, 16, 33, 100, at[key] * 3, at[key] + 1))
        else:
            at[key] = rng.choice((at[key] / 3, at[key] * 3, 0.5, 1e-6, 1e6, 1e30))


def change_word(value: Any, rng: random.Random) -> None:
    """Write another word: one that the schema knows, one that it does not, or one mistyped."""
    place = of_type(value, rng, str)
    if place is not None:
        at, key = place
        known = sorted({name for kind in KINDS for name in load_schema().types(kind)})
        mistyped = "".join(rng.sample(at[key], len(at[key])))
        at[key] = rng.choice((rng.choice(known), rng.choice(known), rng.choice(WORDS), mistyped))


KINDS = ("layer", "loss", "optimizer", "schedule", "initializer", "averaging", "augmentation")


def change_type(value: Any, rng: random.Random) -> None:
    """Write a value of any other type."""
    at, key = rng.choice(list(places(value)))
    at[key] = copy.deepcopy(rng.choice(OTHERS))


def remove(value: Any, rng: random.Random) -> None:
    """Leave a value out."""
    at, key = rng.choice(list(places(value)))
    del at[key]


def repeat(value: Any, rng: random.Random) -> None:
    """Write a section of a list several times."""
    found = [(at, key) for at, key in places(value) if isinstance(at[key], list) and holds_sections(at[key])]
    if found:
        at, key = rng.choice(found)
        index, times = rng.randrange(len(at[key])), rng.choice((1, 1, 2, 20))
        at[key][index:index] = [copy.deepcopy(at[key][index]) for _ in range(times)]


def holds_sections(items: list[Any]) -> bool:
    """Return whether a list holds objects alone, and any."""
    return bool(items) and all(isinstance(item, dict) for item in items)


def reorder(value: Any, rng: random.Random) -> None:
    """Shuffle a list."""
    place = of_type(value, rng, list)
    if place is not None:
        rng.shuffle(place[0][place[1]])


def rename(value: Any, rng: random.Random) -> None:
    """Give a key another name."""
    found = [(at, key) for at, key in places(value) if isinstance(at, dict)]
    if found:
        at, key = rng.choice(found)
        others = sorted({other for _, other in found})
        at[rng.choice((key.upper(), key[1:], key + "s", rng.choice(others), rng.choice(WORDS)))] = at.pop(key)


def move(value: Any, rng: random.Random) -> None:
    """Copy a value to another place."""
    (at, key), (to, place) = rng.choice(list(places(value))), rng.choice(list(places(value)))
    to[place] = copy.deepcopy(at[key])


def nest(value: Any, rng: random.Random) -> None:
    """Wrap a value in lists, objects or blocks."""
    at, key = rng.choice(list(places(value)))
    wrapped, depth = at[key], rng.choice((1, 2, 5, 40))
    block = {"type": "Repeat", "times": 2} if rng.random() < 0.4 else {"type": "Residual"}
    wrap = rng.choice((lambda x: [x], lambda x: {**block, "layers": [x]}, lambda x: {"x": x}))
    for _ in range(depth):
        wrapped = wrap(wrapped)
    at[key] = wrapped


def refer(value: Any, rng: random.Random) -> None:
    """Write a parameter of a block for a value."""
    at, key = rng.choice(list(places(value)))
    at[key] = rng.choice(("$filters", "$width", "$times", "$strides", "$start", "$", "$$filters", "$x", "$Filters "))


def use_block(value: Any, rng: random.Random) -> None:
    """Write the name of a block for a type."""
    found = [(at, key) for at, key in places(value) if key == "type"]
    if found:
        at, key = rng.choice(found)
        at[key] = rng.choice(("conv", "stage", "Repeat", "dense"))


def add_key(value: Any, rng: random.Random) -> None:
    """Add a setting that stands elsewhere in the document, or in the schema."""
    found = [value, *(at[key] for at, key in places(value) if isinstance(at[key], dict))]
    kind = rng.choice(KINDS)
    name = rng.choice(sorted(load_schema().types(kind)))
    settings = sorted(load_schema().properties(kind, name))
    rng.choice(found)[rng.choice(settings)] = rng.choice((rng.choice(NUMBERS), rng.choice(OTHERS)))


def add_layer(value: Any, rng: random.Random) -> None:
    """Put a layer with random settings among the layers."""
    lists = [at[key] for at, key in places(value) if key in ("layers", "shortcut") and isinstance(at[key], list)]
    if lists:
        name = rng.choice(sorted(load_schema().types("layer")))
        small = {key: rng.choice((1, 2, 3, 0.5, [2, 3])) for key in load_schema().properties("layer", name)
                 if key in ("units", "filters", "kernel_size", "pool_size", "rate", "factor", "strides")}  # fmt: skip
        into = rng.choice(lists)
        into.insert(rng.randint(0, len(into)), {"type": name, **small})


MILD = (turn_number,) * 5 + (add_layer,) * 4 + (repeat, repeat, remove)
EDITS = (change_number,) * 6 + (change_word,) * 3 + (add_layer,) * 3 + (
    change_type, remove, remove, repeat, repeat, reorder, rename, move, nest, add_key, add_key, refer,
    use_block)  # fmt: skip


def damaged(text: str, rng: random.Random) -> str:
    """Return the text with a blind fault: cut, bytes changed, a key twice, comments, depth, other quotes."""
    at, end = sorted((rng.randrange(len(text)), rng.randrange(len(text))))
    lines = text.splitlines(keepends=True)
    return rng.choice(
        (
            lambda: text[:at],
            lambda: text[:at] + text[end:],
            lambda: text[:end] + text[at:],
            lambda: text[:at] + rng.choice('{}[]",:\\0 \n\x00\ufeff\u2028é') + text[at + 1 :],
            lambda: text[:at] + "[" * 20000 + text[at:],
            lambda: text.replace('"type"', '"type": "Dense", "type"', 1),
            lambda: text.replace('"', "'"),
            lambda: "\ufeff" + text,
            lambda: text.replace(",", ", // a comment\n", 1),
            lambda: text.replace("}", ",}", 1),
            lambda: "".join(rng.sample(lines, len(lines))),
            lambda: text + text,
            lambda: text.replace(":", "=", 1),
        )
    )()
