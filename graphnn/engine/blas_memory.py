"""The memory in which BLAS packs parts of matrices: filled once in each process, because products are slow before."""

from typing import Any

import numpy as np

ROWS, SIDE = 64, 768  # a matrix that no kernel of OpenBLAS packs in one part


def fill(dtype: Any) -> None:
    """Multiply matrices that take up all of BLAS's memory for packing; in each process after it was forked, 5 ms.

    With OpenBLAS 0.3.31 on an AMD EPYC of the first generation, 256×256 by 256×256 in float32 ran at 10 GFLOP/s for as
    long as nothing larger had been multiplied, and at 36 from then on; 64×64 by 64×64 at 18 and at 28; and in both
    processes of a fork as slowly as at first. (Presumably the kernels prefetch from beyond what was packed, where no
    page of memory is in place.) A step of a network with 64 to 256 channels took two processes 0.77 of the time.
    """
    np.matmul(np.ones((ROWS, SIDE), dtype), np.ones((SIDE, SIDE), dtype))
