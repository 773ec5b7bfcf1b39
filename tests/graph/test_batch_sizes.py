"""Batches too small for a layer's statistics, against a count of the batches of every run."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.errors import DataError, GraphError
from graphnn.graph.batch_sizes import (
    batch_size_note,
    check_batch_sizes,
    check_step,
    fitting_size,
    greatest_need,
)
from graphnn.graph.graph import Graph, chain
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.training.length import Length, check_batches


class NeedsFive(BatchNormalization):
    """A layer of a user's own that takes five samples or more."""

    def least_samples(self, input_shape: Any) -> int:
        return 5


def graph_of(shape: tuple[int, ...], *layers: Any) -> Graph:
    return chain([(f"n{index}", layer) for index, layer in enumerate(layers)], shape, MeanSquaredError())


VECTORS = graph_of((4,), Dense(3), BatchNormalization(), ReLU())


@pytest.mark.parametrize(
    ("shape", "layers", "expected"),
    [
        ((4,), [Dense(3), ReLU()], None),
        ((4,), [Dense(3), BatchNormalization()], ("n1", 2)),
        ((2, 2, 2), [BatchNormalization()], None),
        ((2, 1, 2), [BatchNormalization()], None),
        ((2, 1, 1), [BatchNormalization()], ("n0", 2)),
        ((2, 2, 2), [BatchNormalization(), MaxPooling2D(), BatchNormalization(trainable={"beta": False})], ("n2", 2)),
        ((2, 2, 2), [BatchNormalization(), MaxPooling2D(), BatchNormalization(trainable=False)], None),
        ((2, 2, 2), [Residual([Conv2D(2), BatchNormalization()]), Flatten()], None),
        ((2, 1, 1), [Residual([Conv2D(2), BatchNormalization()]), Flatten()], ("n0.layers1", 2)),
        ((4,), [Residual([Residual([BatchNormalization(name="deep")])])], ("deep", 2)),
        ((4,), [BatchNormalization(), NeedsFive()], ("n1", 5)),
    ],
)
def test_the_node_that_needs_most(shape: Any, layers: Any, expected: Any) -> None:
    need = greatest_need(graph_of(shape, *layers))
    assert (need and (need.node.name, need.least)) == expected


def batches(samples: int, batch_size: int, epochs: float, drop_last: bool) -> list[int]:
    """Return the sizes of all batches of a run, one by one."""
    sizes = [batch_size] * (samples // batch_size)
    if samples % batch_size and not drop_last:
        sizes.append(samples % batch_size)
    length = Length(samples, batch_size, epochs, drop_last)
    return [sizes[step % len(sizes)] for step in range(length.total_steps)]


@given(
    st.integers(1, 40),
    st.integers(1, 12),
    st.sampled_from([0.01, 0.3, 0.9, 1, 1.2, 2, 2.9]),
    st.booleans(),
    st.sampled_from([VECTORS, graph_of((4,), NeedsFive()), graph_of((4,), Dense(2))]),
)
def test_a_run_is_refused_where_one_of_its_batches_is_too_small(
    samples: int, batch_size: int, epochs: float, drop_last: bool, graph: Graph
) -> None:
    if drop_last and samples < batch_size:
        return
    length, need = Length(samples, batch_size, epochs, drop_last), greatest_need(graph)
    smallest = min(batches(samples, batch_size, epochs, drop_last))
    assert length.smallest_batch == smallest
    try:
        check_batches(graph, length)
        refused = False
    except DataError:
        refused = True
    assert refused == (need is not None and smallest < need.least)


@given(st.integers(2, 60), st.integers(1, 60), st.integers(2, 6))
def test_the_batch_size_that_is_suggested_fits(samples: int, batch_size: int, least: int) -> None:
    if samples < least:
        return
    found = fitting_size(samples, batch_size, least)
    assert min(batches(samples, found, 1, drop_last=False)) >= least
    nearer = range(max(least, batch_size - abs(found - batch_size) + 1), batch_size + abs(found - batch_size))
    assert all(min(batches(samples, size, 1, drop_last=False)) < least for size in nearer if size <= samples)


@pytest.mark.parametrize(
    ("samples", "batch_size", "message"),
    [
        (
            1293,
            646,
            'layers[1] "n1": BatchNormalization needs at least 2 samples in each batch of training, for its '
            "statistics, but the last batch of an epoch has 1 sample, because 1,293 are cut into batches of 646; leave "
            'that batch out by "drop_last": true in "training", or take another batch_size, such as 645',
        ),
        (10, 1, "but training.batch_size is 1; take 2 or more"),
        (1, 8, "but there is only 1 sample to train on"),
    ],
)
def test_what_is_said(samples: int, batch_size: int, message: str) -> None:
    with pytest.raises(DataError) as caught:
        check_batch_sizes(VECTORS, samples, batch_size, min(samples % batch_size or batch_size, batch_size))
    assert message in str(caught.value)


def test_a_step() -> None:
    need = greatest_need(VECTORS)
    check_step(need, 2)
    check_step(None, 1)
    with pytest.raises(GraphError, match=r"but this step has 1 sample$"):
        check_step(need, 1)


def test_the_note() -> None:
    assert batch_size_note(VECTORS, 2) is None
    assert "training.batch_size is 1, so no training can start; take 2 or more" in str(batch_size_note(VECTORS, 1))
