"""The choice of kernels: the compiled ones where numba is installed, unless others are asked for."""

from importlib.util import find_spec

from graphnn.errors import GraphError
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.text.suggestions import unknown_name

KERNELS = {kernels.name: kernels for kernels in (NUMPY, NUMBA)}


def installed() -> str:
    """Return the name of the fastest kernels that are installed."""
    return "numba" if find_spec("numba") else "numpy"


def kernels_named(name: str) -> Kernels:
    """Return the kernels of that name. Raises GraphError where it is unknown, or numba is needed but missing."""
    if name not in KERNELS:
        raise GraphError(unknown_name("kernels", name, KERNELS))
    if name == "numba" and not find_spec("numba"):
        raise GraphError("the numba kernels need numba, which is not installed: pip install 'graphnn[fast]'")
    return KERNELS[name]
