"""The error function of arrays."""

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array


@frozen_dataclass
class Rational:
    """erf x ≈ x·P(x²)/Q(x²) for |x| ≤ end, where erf `end` rounds to 1. Coefficients begin with the lowest power."""

    end: float
    numerator: tuple[float, ...]
    denominator: tuple[float, ...]


# The form is that of Cody 1969, "Rational Chebyshev approximations for the error function", for small x, but here it
# spans the whole range, because numpy is slow at choosing a formula for each element. The coefficients interpolate
# erf(x)/x at Chebyshev points of x, computed in 80-digit arithmetic. None is negative, so no sum cancels.
# Largest errors: 2e-15 in float64, 4e-7 in float32 (mostly rounding: the formula itself is off by 8e-8).
DOUBLE = Rational(
    5.95,
    (
        1.1283791670955126,
        0.2193945043590658,
        0.06593829183493308,
        0.006837760593147985,
        0.0008491028468388356,
        5.616802333027725e-05,
        3.839950653747769e-06,
        1.654891015401039e-07,
        6.571761597473741e-09,
        1.6502788717235843e-10,
        3.1921926813965375e-12,
        2.134109926964411e-14,
        1.5017407139231034e-17,
    ),
    (
        1.0,
        0.5277666503927,
        0.1343585064400461,
        0.021878835131050073,
        0.002545835203794007,
        0.00022372952960067406,
        1.5276193878417414e-05,
        8.189277080720204e-07,
        3.42573251866377e-08,
        1.087032633597556e-09,
        2.4377314519163447e-11,
        3.179806520741964e-13,
        8.475063692551867e-16,
    ),
)
SINGLE = Rational(
    3.95,
    (1.12837917, 0.18416831, 0.0518527217, 0.003489681, 0.00027720595, 2.07221035e-06),
    (1.0, 0.496548247, 0.111469434, 0.0144033719, 0.00109373561, 3.79329034e-05),
)


def erf(x: Array, out: Array, work: tuple[Array, Array]) -> Array:
    """Write erf x = 2/√π ∫₀ˣ e^(−t²) dt into `out`, which may be x, and return it.

    work: two arrays of x's shape and dtype, to be overwritten.
    """
    formula = DOUBLE if x.dtype == np.float64 else SINGLE
    square, sum_ = work
    np.clip(x, -formula.end, formula.end, out=out)
    np.multiply(out, out, out=square)
    out /= polynomial(formula.denominator, square, sum_)
    out *= polynomial(formula.numerator, square, sum_)
    return np.clip(out, -1, 1, out=out)


def polynomial(coefficients: tuple[float, ...], x: Array, out: Array) -> Array:
    """Write Σ cᵢxⁱ into `out` by Horner's rule and return it."""
    np.multiply(x, coefficients[-1], out=out)
    for coefficient in coefficients[-2:0:-1]:
        out += coefficient
        out *= x
    out += coefficients[0]
    return out
