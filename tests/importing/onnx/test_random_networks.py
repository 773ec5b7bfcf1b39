"""Random networks whose modules are called and ordered in many ways: what is matched is right, or nothing is."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.document.document import parse_document
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.matching import Matching, match
from graphnn.importing.weights.modules import grouped
from graphnn.importing.weights.slots import Slot, slots_of
from graphnn.specification.spec import make_spec

WORDS = [
    f"{a}{b}" for a in ("ka", "lo", "mi", "nu", "pe", "ra", "so", "tu") for b in ("be", "di", "fo", "gu", "ha", "ji")
]
SEEDS = range(5)
MANY = range(5, 100)


@dataclass
class Network:
    """A graph, and for each container of its layers the names of the slots in it, in the order of their computation."""

    graph: Graph
    slots: tuple[Slot, ...]
    blocks: list[list[str]] = field(default_factory=list)


def random_network(rng: random.Random, *, residual: bool) -> Network:
    """Return a network of blocks of convolutions, some normalised, of few widths, so that many have one shape."""
    layers: list[dict[str, Any]] = []
    norm = rng.choice([True, False])
    width = 3
    for _ in range(rng.randint(2, 5)):
        wider = rng.choice([4, 4, 6])
        if residual and rng.random() < 0.7:
            kernel = rng.choice([1, 3])
            body = [*convolution(wider, kernel, norm=norm), {"type": "ReLU"}, *convolution(wider, kernel, norm=norm)]
            short = convolution(wider, 1, norm=norm) if width != wider or rng.random() < 0.5 else []
            layers += [{"type": "Residual", "layers": body, "shortcut": short}, {"type": "ReLU"}]
        else:
            for _ in range(rng.randint(1, 3)):
                layers += [*convolution(wider, 3, norm=norm), rng.choice([{"type": "ReLU"}, {"type": "PReLU"}])]
        width = wider
    layers += [{"type": "GlobalAveragePooling"}]
    for _ in range(rng.randint(0, 3)):
        layers += [{"type": "Dense", "units": rng.choice([4, 4, 6])}, {"type": "ReLU"}]
    layers += [{"type": "Dense", "units": 5}, {"type": "Softmax"}]
    document = {
        "input": {"shape": [3, 8, 8]},
        "layers": layers,
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "x.npz"},
        "training": {"epochs": 1},
    }
    graph = build_graph(make_spec(parse_document(json.dumps(document)), (), {}))
    slots = slots_of(graph).slots
    blocks: dict[Any, list[str]] = {}
    for slot in slots:
        blocks.setdefault(slot.path[:2], []).append(slot.name)
    return Network(graph, slots, [list(each) for each in blocks.values()])


def convolution(filters: int, kernel: int, *, norm: bool) -> list[dict[str, Any]]:
    layer = {"type": "Conv2D", "filters": filters, "kernel_size": kernel, "use_bias": not norm}
    return [layer, {"type": "BatchNormalization"}] if norm else [layer]


KINDS = {"Conv2D": "conv", "BatchNormalization": "bn", "PReLU": "act", "Dense": "fc"}


def kind_of(network: Network, slot: Slot) -> str:
    return KINDS[next(node.layer.type for node in network.graph.nodes if node.name == slot.name)]


def numbered(network: Network, rng: random.Random) -> dict[str, str]:
    """0, 1, 2, … of a Sequential."""
    return {slot.name: str(2 * i) for i, slot in enumerate(network.slots)}


def by_kind(network: Network, rng: random.Random) -> dict[str, str]:
    """conv1, bn1, conv2, … as attributes."""
    counts: Counter[str] = Counter()
    names = {}
    for slot in network.slots:
        kind = kind_of(network, slot)
        counts[kind] += 1
        names[slot.name] = f"{kind}{counts[kind]}"
    return names


def lists(network: Network, rng: random.Random) -> dict[str, str]:
    """convs.0, bns.0, … of lists by kind."""
    return {
        name: f"{text.rstrip('0123456789')}s.{text.lstrip('abcn fvot')}" for name, text in by_kind(network, rng).items()
    }


def words(network: Network, rng: random.Random) -> dict[str, str]:
    """Words that say nothing."""
    chosen = rng.sample(WORDS, len(network.slots))
    return {slot.name: word for slot, word in zip(network.slots, chosen, strict=True)}


def words_in_blocks(network: Network, rng: random.Random) -> dict[str, str]:
    """Words in containers with numbers."""
    names = {}
    for number, block in enumerate(network.blocks):
        for name, word in zip(block, rng.sample(WORDS, len(block)), strict=True):
            names[name] = f"stage.{number}.{word}"
    return names


def kinds_in_words(network: Network, rng: random.Random) -> dict[str, str]:
    """Attributes with numbers in containers with words; what is in a shortcut is called so."""
    names: dict[str, str] = {}
    by_name = {slot.name: slot for slot in network.slots}
    for word, block in zip(rng.sample(WORDS, len(network.blocks)), network.blocks, strict=True):
        counts: Counter[str] = Counter()
        for name in block:
            slot = by_name[name]
            kind = kind_of(network, slot)
            inner = "downsample." if slot.in_shortcut else ""
            counts[inner + kind] += 1
            names[name] = f"{word}.{inner}{kind}{counts[inner + kind]}"
    return names


def wrong_numbers(network: Network, rng: random.Random) -> dict[str, str]:
    """Numbers in any order."""
    order = rng.sample(range(len(network.slots)), len(network.slots))
    return {slot.name: f"block{i}" for slot, i in zip(network.slots, order, strict=True)}


Naming = Callable[[Network, random.Random], dict[str, str]]


def outcome(network: Network, names: dict[str, str], rng: random.Random, *, order: str) -> str:
    """Return "right", "refused" or "wrong" for a file whose modules have these names. order: of the file."""
    inner = {"weight": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
    listed = list(network.slots)
    if order == "shuffled":
        rng.shuffle(listed)
    arrays = {
        f"{names[slot.name]}.{inner[part]}": np.full(shape, 1 + i, np.float32)
        for i, slot in enumerate(listed)
        for part, shape in slot.shapes.items()
    }
    if order == "none":
        arrays = dict(sorted(arrays.items()))
    file = ForeignFile(Path("w"), "test", grouped(arrays).modules, ordered=order != "none")
    found: Matching = match(network.slots, file)
    if found.open:
        return "refused"
    assert not found.anew
    taken = {name: module.name for name, module in found.pairs.items()}
    return "right" if taken == names else "wrong"


def outcomes(naming: Naming, order: str, seeds: Any, *, residual: bool) -> Counter[str]:
    result: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        network = random_network(rng, residual=residual)
        result[outcome(network, naming(network, rng), rng, order=order)] += 1
    return result


TELLING: list[Naming] = [numbered, by_kind, lists, kinds_in_words, words_in_blocks]
NAMINGS: list[Naming] = [*TELLING, words, wrong_numbers]


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("naming", NAMINGS, ids=lambda naming: naming.__name__)
def test_nothing_is_wrong_whatever_the_names_and_the_order(naming: Naming, residual: bool) -> None:
    for order in ("as computed", "none"):
        assert outcomes(naming, order, SEEDS, residual=residual)["wrong"] == 0


@pytest.mark.parametrize("naming", [numbered, by_kind, lists], ids=lambda naming: naming.__name__)
def test_numbers_in_names_are_enough(naming: Naming) -> None:
    assert outcomes(naming, "none", SEEDS, residual=False) == {"right": len(SEEDS)}


@pytest.mark.parametrize("naming", [*TELLING, words], ids=lambda naming: naming.__name__)
def test_the_order_of_definition_is_enough(naming: Naming) -> None:
    assert outcomes(naming, "as computed", SEEDS, residual=False) == {"right": len(SEEDS)}


@pytest.mark.long
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("naming", NAMINGS, ids=lambda naming: naming.__name__)
def test_many_networks(naming: Naming, residual: bool) -> None:
    for order in ("as computed", "none"):
        found = outcomes(naming, order, MANY, residual=residual)
        assert found["wrong"] == 0
        assert naming is wrong_numbers or order == "none" or found["right"] > 0.9 * len(MANY)
