"""The choice of kernels: the compiled ones where numba is installed and they pay, unless others are asked for."""

from importlib.util import find_spec

from graphnn.errors import GraphError
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.text.suggestions import unknown_name

KERNELS = {kernels.name: kernels for kernels in (NUMPY, NUMBA)}

# Multiply-adds of a whole training, from which on the compiled kernels save more time than compiling them takes. Two
# cores do 1.2e10 a second with numpy on the small images of models/digits.json, 6e9 on models/mnist_cnn.json, and
# numba saves 0.3 to 0.6 of the time; compiling takes 5 to 20 s, once for each machine. So it pays after some 30 s.
COMPILING = 2**38


def fastest(work: float | None = None) -> str:
    """Return the name of the fastest installed kernels for a training of so many multiply-adds, compiling included.

    None: so much that compiling does not count. What is compiled already changes nothing, because results differ by
    rounding.
    """
    pays = work is None or work >= COMPILING
    return "numba" if pays and find_spec("numba") else "numpy"


def is_there(name: str) -> bool:
    """Whether there are kernels of that name, and what they need is installed."""
    return name in KERNELS and (name != "numba" or find_spec("numba") is not None)


def kernels_named(name: str) -> Kernels:
    """Return the kernels of that name. Raises GraphError where it is unknown, or numba is needed but missing."""
    if name not in KERNELS:
        raise GraphError(unknown_name("kernels", name, KERNELS))
    if name == "numba" and not find_spec("numba"):
        from graphnn.text.installing import extra_command  # for this message alone

        raise GraphError(f"the numba kernels need numba, which is not installed: {extra_command('fast')}")
    return KERNELS[name]
