"""The state_dict of a network: names of parameters, and the constants of the normalisation."""

import numpy as np

from graphnn.datasets.precision import single_suffices
from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.torch_source.expressions import single
from graphnn.types import Array

PARAMETERS = {
    "weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "slopes": "weight",
    "running_mean": "running_mean",
    "running_variance": "running_var",
}  # of graphnn, in PyTorch
FEW = 4  # constants that are written out; more are in the weights file


def constants(known: Normalisation) -> dict[str, Array]:
    """Return mean and std, in a form that broadcasts with samples: one number, one a channel, or one a feature."""
    if known.mode == "none":
        return {}
    dtype = np.float64 if needs_double(known) else np.float32
    return {
        name: np.array(values, dtype).reshape(form(known, len(values)))
        for name, values in (("mean", known.offset), ("std", known.divisor))
    }


def form(known: Normalisation, count: int) -> tuple[int, ...]:
    """Return the shape of the constants."""
    if count == 1:
        return ()
    return (count, 1, 1) if len(known.shape) == 3 and count == known.shape[0] else known.shape


def needs_double(known: Normalisation) -> bool:
    """Whether float32 would lose too much, because the mean is large against the deviation."""
    return not single_suffices(np.array(known.offset), np.array(known.divisor), wide=False)


def few(known: Normalisation) -> bool:
    """Whether the constants are written out."""
    return len(known.offset) <= FEW


def constant_lines(known: Normalisation) -> list[str]:
    """Return the line with the constants, where they are few."""
    arrays = constants(known).values()
    if not arrays or not few(known):
        return []
    return [f"MEAN, STD = {', '.join(map(numbers, arrays))}"]


def numbers(array: Array) -> str:
    """Return the text of an array's numbers."""
    number = repr if array.dtype == np.float64 else single
    values = [number(float(value)) for value in array.ravel()]
    return values[0] if array.ndim == 0 else f"[{', '.join(values)}]"


def buffer_lines(known: Normalisation) -> list[str]:
    """Return the lines that register the constants as buffers."""
    lines = []
    for name, array in constants(known).items():
        kind = ", dtype=torch.float64" if array.dtype == np.float64 else ""
        sizes = "-1, 1, 1" if array.shape[1:] == (1, 1) else ", ".join(map(str, array.shape))
        view = f".view({sizes})" if array.ndim == 3 else ""
        value = f"torch.tensor({name.upper()}{kind}){view}"
        if not few(known):
            value = f"torch.ones({', '.join(map(str, array.shape))}{kind})"
        lines.append(f'self.register_buffer("{name}", {value})')
    return lines


def normalised(known: Normalisation, x: str, flat: str) -> str:
    """Return the expression of normalised samples."""
    if known.mode == "none":
        return f"{x}{flat}"
    if needs_double(known):
        return f"(({x}.double() - self.mean) / self.std).float(){flat}"
    inner = f"({x}.float() - self.mean) / self.std"
    return f"({inner}){flat}" if flat else inner
