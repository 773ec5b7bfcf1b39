"""ReLU, GELU, SiLU and their slopes, compiled: one pass over memory, sixteen values at a time."""

from typing import Any

import numpy as np

from graphnn.kernels.activations import CUBIC, LINEAR
from graphnn.kernels.compiled.kept import compiled
from graphnn.kernels.compiled.vectors import (
    all_equal,
    larger,
    load,
    positive_part,
    smaller,
    store,
    times_power_of_two,
)
from graphnn.kernels.vectors import WIDTH

NONE, RELU, GELU, SILU = range(4)
CODES = {None: NONE, "relu": RELU, "gelu": GELU, "silu": SILU}

LOG2_E = 1.4426950408889634
ROUNDING = 1.5 * 2**23  # a small number added to it is rounded to an integer
GELU_END, SILU_END = 9.9, 87.0  # beyond ±end the slope rounds to 0 or 1; e⁸⁷ is nearly the largest float32


@compiled
def exp2(w: Any) -> Any:
    """Return 2ʷ for w in −126…127, with a relative error of at most 1.6e-7.

    2ʷ = 2ⁿ·2ʳ with n the integer nearest to w, and 2ʳ ≈ 1 + r·P(r), where the coefficients of P minimise the largest
    relative error over −½…½, which is 9.1e-8.
    """
    shifted = w + all_equal(ROUNDING)
    r = w - (shifted - all_equal(ROUNDING))
    p = r * all_equal(0.00132647271) + all_equal(0.00967151265)
    p = p * r + all_equal(0.0555073374)
    p = p * r + all_equal(0.240222421)
    p = p * r + all_equal(0.693146978)
    return times_power_of_two(p * r + all_equal(1.0), shifted)


@compiled
def clipped(x: Any, end: Any) -> Any:
    """Return x limited to −end…end."""
    return smaller(larger(x, all_equal(-end)), all_equal(end))


@compiled
def activated(x: Any, kind: Any) -> Any:
    """Return f(x) = x·s, s = 1 / (1 + e⁻ᵗ), with t(x) as in kernels/activations.py; max(x, 0) for RELU, x for NONE."""
    one = all_equal(1.0)
    if kind == GELU:
        near = clipped(x, GELU_END)
        return x * (one / (one + exp2(near * (near * near * all_equal(-CUBIC * LOG2_E) + all_equal(-LINEAR * LOG2_E)))))
    if kind == SILU:
        return x * (one / (one + exp2(clipped(x, SILU_END) * all_equal(-LOG2_E))))
    return positive_part(x) if kind == RELU else x


@compiled
def slope(x: Any, kind: Any) -> Any:
    """Return f′(x) = s + x·s·(1 − s)·t′ of GELU or SiLU; 1 − s is e⁻ᵗ·s."""
    one = all_equal(1.0)
    if kind == GELU:
        near = clipped(x, GELU_END)
        square = near * near
        power = exp2(near * (square * all_equal(-CUBIC * LOG2_E) + all_equal(-LINEAR * LOG2_E)))
        steep = near * (square * all_equal(3 * CUBIC) + all_equal(LINEAR))
    else:
        steep = clipped(x, SILU_END)
        power = exp2(steep * all_equal(-LOG2_E))
    s = one / (one + power)
    return s * (one + steep * (power * s))


@compiled
def activate(x: Any, kind: Any, y: Any) -> None:
    """Write f(x) of flat x into y."""
    whole = x.size // WIDTH * WIDTH
    for at in range(0, whole, WIDTH):
        store(y, at, activated(load(x, at), kind))
    if whole < x.size:
        rest = np.zeros(WIDTH, np.float32)
        rest[: x.size - whole] = x[whole:]
        store(rest, 0, activated(load(rest, 0), kind))
        y[whole:] = rest[: x.size - whole]


@compiled
def pass_back(x: Any, kind: Any, dy: Any) -> None:
    """Multiply flat dy by f′(x) of GELU or SiLU."""
    whole = x.size // WIDTH * WIDTH
    for at in range(0, whole, WIDTH):
        store(dy, at, load(dy, at) * slope(load(x, at), kind))
    if whole < x.size:
        rest = np.zeros(WIDTH, np.float32)
        rest[: x.size - whole] = x[whole:]
        store(rest, 0, slope(load(rest, 0), kind))
        dy[whole:] *= rest[: x.size - whole]
