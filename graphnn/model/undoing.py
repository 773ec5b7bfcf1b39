"""Leaves a model as it was where something that changes it fails."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from graphnn.errors import GraphError
from graphnn.training.second_values import SecondValues

P = ParamSpec("P")
M = TypeVar("M")
T = TypeVar("T")


def unchanged_by_errors(
    *attributes: str,
) -> Callable[[Callable[Concatenate[M, P], T]], Callable[Concatenate[M, P], T]]:
    """Decorate a method of a model so that a GraphError leaves the attributes and the weights as they were before.

    attributes: the names of those that the method may set before it fails.
    """

    def decorated(method: Callable[Concatenate[M, P], T]) -> Callable[Concatenate[M, P], T]:
        @wraps(method)
        def tried(model: M, /, *args: P.args, **kwargs: P.kwargs) -> T:
            before = {name: getattr(model, name) for name in attributes}
            network: Any = getattr(model, "_network", None)
            weights = None if network is None else SecondValues(network[1])
            if weights is not None:
                weights.take()
            try:
                return method(model, *args, **kwargs)
            except GraphError:
                for name, value in before.items():
                    setattr(model, name, value)
                if weights is not None:
                    weights.put()
                raise

        return tried

    return decorated
