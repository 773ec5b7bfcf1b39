"""The logistic function, in place and without overflow."""

import numpy as np

from graphnn.types import Array


def sigmoid(x: Array, out: Array) -> Array:
    """Write 1 / (1 + e⁻ˣ) into `out`, which may be x, and return it; any shape and dtype.

    For very negative x, e⁻ˣ overflows to infinity, whose reciprocal is the right limit 0. Unlike ½(1 + tanh ½x), this
    formula keeps the relative error of small results small.
    """
    with np.errstate(over="ignore"):
        np.negative(x, out=out)
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)
