"""Weights of other libraries with a map of their modules, which is written where there is none yet."""

from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.graph.graph import Graph
from graphnn.importing.weights.fitted_weights import FittedWeights, OpenMatching, fitted_weights
from graphnn.storage.replacing import replacing
from graphnn.types import Shape


def fitted_or_map(
    path: Path, graph: Graph, map_file: Path | None, *, option: str, data_shape: Shape | None, write: bool
) -> FittedWeights:
    """Return what a foreign file holds for a graph.

    map_file: says which module is which layer; where it is not there, one is written, if `write`, and WeightsError is
    raised, so that it can be changed. option: that takes it. Raises GraphError as `fitted_weights` does.
    """
    if map_file is None or map_file.exists() or map_file.is_symlink():
        return fitted_weights(path, graph, map_file, option=option, data_shape=data_shape)
    try:
        fitted = fitted_weights(path, graph, option=option, data_shape=data_shape)
    except OpenMatching as problem:
        template, made = problem.template, "leave one module of each list in it"
    else:
        template, made = fitted.template, f"it says what would be taken without it; change it, or leave {option} out"
    if not write:
        raise WeightsError(f"{map_file}: no such file; without --dry-run, it is written")
    try:
        with replacing(map_file) as file:
            file.write(template.encode())
    except OSError as problem:
        raise WeightsError(f"{map_file}: cannot be written: {problem.strerror or problem}") from problem
    raise WeightsError(f"{map_file} written: {made}, then start again")
