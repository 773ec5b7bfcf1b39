"""Which kernels are used: the compiled ones where numba is installed, unless others are asked for."""

from importlib.util import find_spec

from graphnn.errors import GraphError
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.text.suggestions import unknown_name

KERNELS = {kernels.name: kernels for kernels in (NUMPY, NUMBA)}


def installed() -> str:
    """Return the name of the fastest kernels that can be had here."""
    return "numba" if find_spec("numba") else "numpy"


def kernels_named(name: str) -> Kernels:
    """Return the kernels of a name. Raises GraphError where there are none, or numba is not installed."""
    if name not in KERNELS:
        raise GraphError(unknown_name("kernels", name, KERNELS))
    if name == "numba" and not find_spec("numba"):
        raise GraphError("the numba kernels need numba, which is not installed: pip install 'graphnn[fast]'")
    return KERNELS[name]
