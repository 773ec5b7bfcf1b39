"""The logistic function, in place and without overflow."""

import numpy as np

from graphnn.types import Array


def sigmoid(x: Array, out: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ) in `out`, which may be x itself; any shape and dtype.

    e⁻ˣ goes to infinity for very negative x, of which the reciprocal is the right limit 0. Against ½(1 + tanh ½x) this
    keeps small results accurate relative to themselves.
    """
    with np.errstate(over="ignore"):
        np.negative(x, out=out)
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)
