"""Warms up the memory in which BLAS packs matrices: matrix products are slow until it has been filled once."""

from typing import Any

import numpy as np

ROWS, SIDE = 64, 768  # larger than what any kernel of OpenBLAS packs at once


def fill(dtype: Any) -> None:
    """Multiply two matrices that fill all of BLAS's packing memory. Call it in each process after the fork: 5 ms.

    With OpenBLAS 0.3.31 on a first-generation AMD EPYC, products of 256×256 matrices in float32 ran at 10 GFLOP/s until
    something larger had been multiplied, and at 36 from then on; those of 64×64 at 18 and then 28. Forking made both
    processes slow again. (Presumably the kernels prefetch beyond the packed data, from pages that are not mapped yet.)
    With this call, a step of a network with 64 to 256 channels took two processes 0.77 of the time.
    """
    np.matmul(np.ones((ROWS, SIDE), dtype), np.ones((SIDE, SIDE), dtype))
