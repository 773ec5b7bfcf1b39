"""What names say of the order of modules."""

import numpy as np
import pytest

from graphnn.importing.weights.modules import grouped
from graphnn.importing.weights.name_order import numbered_before, together, tokens


def test_texts_and_numbers() -> None:
    assert tokens("layer1.0.conv2") == (("layer", 1), (0,), ("conv", 2))
    assert tokens("conv3x3_a.conv2d/bn") == (("conv3x3_a",), ("conv2d",), ("bn",))
    assert tokens("conv2d_10") == (("conv2d_", 10),)


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        ("layer2", "layer10", True),
        ("layer10", "layer2", False),
        ("layer1.1.conv1", "layer2.0.conv1", True),
        ("features.0", "features.3", True),
        ("conv1_1", "conv1_2", True),
        ("conv2d", "conv2d_1", True),
        ("conv1", "bn2", False),
        ("features.0", "classifier.1", False),
        ("layer1.0.conv1", "layer1.0.bn2", False),
        ("conv1x1", "conv3x3", False),
        ("conv1", "conv1", False),
    ],
)
def test_numbers_count_where_they_are_the_first_difference(one: str, other: str, before: bool) -> None:
    assert numbered_before(tokens(one), tokens(other)) is before
    assert not (before and numbered_before(tokens(other), tokens(one)))


def sets(*names: str) -> list[set[str]]:
    """Return the sets of modules that are computed in one go; those called bn are vectors, the others matrices."""
    arrays = {f"{name}.weight": np.zeros(4 if "bn" in name else (4, 4), np.float32) for name in names}
    modules = grouped(arrays).modules
    return [{module.name for i, module in enumerate(modules) if bits >> i & 1} for bits in together(modules)]


def test_a_container_and_what_has_the_number_of_a_convolution_are_computed_in_one_go() -> None:
    assert sets("conv1", "bn1", "conv2", "bn2") == [{"conv1", "bn1"}, {"conv2", "bn2"}]
    assert sets("stem.c", "stem.bn", "head") == [{"stem.c", "stem.bn"}]
    assert sets("conv1", "fc1", "bn1") == []  # whose bn1 is it?
    assert sets("conv1", "conv1.bn") == [{"conv1", "conv1.bn"}]


def test_lists_by_kind_and_lists_of_blocks_may_be_computed_in_turn() -> None:
    assert sets("convs.0", "convs.1", "bns.0", "bns.1") == []
    assert sets("a.0.c", "a.0.bn", "a.1.c", "a.1.bn") == [{"a.0.c", "a.0.bn"}, {"a.1.c", "a.1.bn"}]
