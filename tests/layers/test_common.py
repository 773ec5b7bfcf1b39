"""What holds for every layer: dtypes, memory orders, pieces, untouched inputs, reused memory, threads."""

import runpy
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from graphnn.layers.base import LAYERS
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.relu import ReLU
from graphnn.layers.tanh import Tanh

IMAGE, VECTOR = (4, 6, 6), (12,)
layers_for = runpy.run_path(str(Path(__file__).parents[1] / "examples.py"))["layers_for"]

# Every layer as it is by default for all inputs that it takes, and these besides.
BESIDES = [
    ("GELU", {"approximate": "none"}, IMAGE),
    ("Scale", {"factor": -0.3}, IMAGE),
    ("Residual", {"layers": [Conv2D(5), ReLU()], "shortcut": [Conv2D(5, 1)]}, IMAGE),
    ("Residual", {"layers": [Tanh()]}, VECTOR),
]
BY_DEFAULT = [(name, layer.settings(), shape) for shape in (IMAGE, VECTOR) for name, layer in layers_for(shape).items()]
ALL = [*BY_DEFAULT, *BESIDES]


def test_every_layer_is_here():
    assert {name for name, _, _ in ALL} == set(LAYERS.built_in())


IDS = [
    f"{name}-{len(shape)}" + "".join(f"-{value}" for value in options.values() if not isinstance(value, list))
    for name, options, shape in ALL
]
BATCHWISE = {name for name in LAYERS.built_in() if issubclass(LAYERS[name], BatchwiseLayer)}


def all_but(*names):
    """Run a test with all cases except those of some layer types."""
    kept = [(case, name) for case, name in zip(ALL, IDS, strict=True) if case[0] not in names]
    return pytest.mark.parametrize("case", [case for case, _ in kept], ids=[name for _, name in kept], indirect=True)


@pytest.fixture(params=ALL, ids=IDS)
def case(request, checks):
    """A layer, an input of seven samples, a gradient from above, and parameters."""
    name, options, shape = request.param
    layer = LAYERS[name](**options)
    x = checks.spread(7, *shape)
    return layer, x, checks.spread(7, *layer.output_shape(shape), seed=5), checks.parameters(layer, x)


def test_the_dtype_is_kept(case, checks):
    layer, x, dy, _ = case
    for dtype in (np.float32, np.float64):
        for training in (True, False):
            assert checks.run(layer, x.astype(dtype), training=training).y.dtype == dtype
        result = checks.run(layer, x.astype(dtype), dy.astype(dtype))
        assert {array.dtype for array in (result.y, result.dx, *result.gradients.values())} == {np.dtype(dtype)}


def test_float32_comes_near_float64(case, checks):
    layer, x, dy, params = case
    exact = checks.run(layer, x, dy, params=params)
    single = {name: value.astype(np.float32) for name, value in params.items()}
    result = checks.run(layer, x.astype(np.float32), dy.astype(np.float32), params=single)
    np.testing.assert_allclose(result.y, exact.y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(result.dx, exact.dx, rtol=1e-4, atol=1e-5)


def test_memory_order_does_not_matter(case, checks):
    layer, x, dy, params = case
    expected = checks.run(layer, x, dy, params=params)
    result = checks.run(layer, np.ascontiguousarray(x), dy, params=params)
    np.testing.assert_allclose(result.y, expected.y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result.dx, expected.dx, rtol=1e-12, atol=1e-12)
    for name, gradient in expected.gradients.items():
        np.testing.assert_allclose(result.gradients[name], gradient, rtol=1e-12, atol=1e-12)


@all_but(*BATCHWISE)  # whose pieces the engine combines
def test_pieces_give_the_same_as_the_whole(case, checks):
    layer, x, dy, params = case
    training = layer.type != "Dropout"  # which draws anew for each piece
    whole = checks.run(layer, x, dy, params=params, training=training)
    parts = [slice(0, 1), slice(1, 4), slice(4, 7)]
    pieces = [checks.run(layer, x[part], dy[part], params=params, training=training) for part in parts]
    np.testing.assert_allclose(np.concatenate([piece.y for piece in pieces]), whole.y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.concatenate([piece.dx for piece in pieces]), whole.dx, rtol=1e-12, atol=1e-12)
    for name, gradient in whole.gradients.items():
        total = sum(piece.gradients[name] for piece in pieces)
        np.testing.assert_allclose(total, gradient, rtol=1e-11, atol=1e-12)


def test_forward_leaves_the_input_and_backward_leaves_input_and_output(case, checks):
    layer, x, dy, params = case
    ctx = Context(input_shape=x.shape[1:], training=True, rng=np.random.default_rng(0))
    before = x.copy()
    y, backward = layer.run(params, x, ctx)
    assert (x == before).all()
    output = y.copy()
    backward(checks.channels_last(dy))
    assert (x == before).all()
    assert (y == output).all()


@all_but(*BATCHWISE)  # which are not run backward where nothing needs it
def test_no_gradient_of_the_input_where_none_is_needed(case, checks):
    layer, x, dy, params = case
    result = checks.run(layer, x, dy, params=params, needs_dx=False)
    assert result.dx is None
    expected = checks.run(layer, x, dy, params=params).gradients
    assert result.gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_array_equal(result.gradients[name], gradient)


def test_in_place_backward_returns_the_memory_it_was_given(case, checks):
    layer, x, dy, params = case
    ctx = Context(input_shape=x.shape[1:], training=True, rng=np.random.default_rng(0))
    _, backward = layer.run(params, x, ctx)
    given = checks.channels_last(dy)
    dx, _ = backward(given)
    if layer.backward_in_place:
        assert np.shares_memory(dx, given)
    elif not isinstance(layer, BatchwiseLayer):  # for which the engine expects either
        assert not np.shares_memory(dx, given)


def test_threads_do_not_disturb_each_other(case, checks):
    layer, x, dy, params = case
    expected = checks.run(layer, x, dy, params=params)

    def again(_: int) -> bool:
        result = checks.run(layer, x, dy, params=params)
        return bool((result.y == expected.y).all() and (result.dx == expected.dx).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(again, range(8)))


class ReusingContext(Context):
    """Memory that is made once for each use, like the engine's."""

    def __init__(self, input_shape):
        super().__init__(input_shape=input_shape, training=True, rng=np.random.default_rng(0))
        self.made = {}

    def once(self, make, *key):
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def output(self, shape, dtype):
        return self.once(lambda: Context.output(self, shape, dtype), "output")

    def dx(self, shape, dtype):
        return self.once(lambda: Context.dx(self, shape, dtype), "dx")

    def gradient(self, name, parameter):
        return self.once(lambda: Context.gradient(self, name, parameter), "gradient", name)

    def keep(self, name, shape, dtype):
        return self.once(lambda: Context.keep(self, name, shape, dtype), "keep", name)

    def scratch(self, name, shape, dtype, *, zeroed=False):
        return self.once(
            lambda: Context.scratch(self, name, shape, dtype, zeroed=zeroed), "scratch", name, shape, dtype, zeroed
        )


STEADY = [  # statistics are as large as a vector, and a block runs taken apart where steps are to be steady
    case for case in ALL if (case[0] not in BATCHWISE or case[2] == IMAGE) and case[0] != "Residual"
]


@pytest.mark.parametrize(("name", "options", "shape"), STEADY)
def test_a_steady_step_allocates_nothing_large(name, options, shape, checks):
    """The rest is numbers per sample or channel, sums of blocks, and numpy's buffer for a change of dtype."""
    layer = LAYERS[name](**options)
    larger = (16, 48, 48) if len(shape) == 3 else (20_000,)
    x = checks.spread(8 if len(shape) == 3 else 40, *larger).astype(np.float32)
    params, ctx = checks.parameters(layer, x), ReusingContext(x.shape[1:])
    for _ in range(2):
        y, backward = layer.run(params, x, ctx)
        dy = np.ones_like(y)
        tracemalloc.start()
        try:
            backward(dy)
            layer.run(params, x, ctx)
            largest = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert largest < 150_000 + 20 * x.shape[1] < x.nbytes / 5
