"""Requests that ranks carry out together, as the vectors of numbers in which rank 0 sends them."""

import numpy as np

from graphnn.engine.requests import ComputeLossInputs, Evaluate, HandedPositions, Request, TrainStep, Update
from graphnn.types import Array

SIZE = 8  # numbers of a message; those of an update are followed by its rates
END, AGREE, SYNCHRONISE, TRAIN, EVALUATE, LOSS_INPUTS, UPDATE = range(7)  # the first number: the kind


def message(kind: int, *numbers: int) -> Array:
    """Return a message of one kind."""
    vector = np.zeros(SIZE, np.int64)
    vector[: 1 + len(numbers)] = [kind, *numbers]
    return vector


def to_message(request: Request) -> Array:
    """Return the message for a request. Raises ValueError for one that a rank carries out alone."""
    match request:
        case TrainStep(HandedPositions(count, source, alone=False), epoch, step):
            return message(TRAIN, count, source, epoch, step)
        case Evaluate(HandedPositions(count, source, alone=False), inputs):
            return message(EVALUATE, count, source, inputs)
        case ComputeLossInputs(HandedPositions(count, source, alone=False)):
            return message(LOSS_INPUTS, count, source)
        case Update(rates, epoch, _, _):
            return message(UPDATE, len(rates), epoch)
        case _:
            raise ValueError(f"ranks do not carry out {request} together")


def with_positions(vector: Array) -> Request | None:
    """Return the request of a message that the positions of samples follow; None for a message of another kind."""
    kind, count, source, third, fourth = (int(number) for number in vector[:5])
    handed = HandedPositions(count, source, alone=False)
    if kind == TRAIN:
        return TrainStep(handed, third, fourth)
    if kind == EVALUATE:
        return Evaluate(handed, bool(third))
    return ComputeLossInputs(handed) if kind == LOSS_INPUTS else None
