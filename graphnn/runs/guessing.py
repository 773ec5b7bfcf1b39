"""Notices a training that has learnt nothing: its figures are those of guessing, and its loss is no lower."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.losses.class_weights import ClassWeighted
from graphnn.metrics.figures import figure
from graphnn.metrics.outputs import Classes, Numbers
from graphnn.training.history import Record
from graphnn.training.samples import Samples
from graphnn.types import Array, Shape

PATIENCE = 2  # epochs after which a network should know more than how frequent each class is,
STEPS = 50  # if they had so many steps
DEVIATIONS = 3.0  # standard deviations of the accuracy of guessing, by which it may be exceeded by chance
LEARNT = 0.02  # the share of the loss of guessing by which a loss has to be lower, for something to be learnt
FALLING = 0.02  # the share by which the loss falls in an epoch of a training that is only slow
STILL = 0.05  # the share by which the loss changes since the first epoch, unless the learning rate is far too small
FAR = 1.25  # times the loss of guessing, from which on a loss is far above it


@frozen_dataclass
class Guessing:
    """The figures of a network that knows no more than how frequent each class, or yes, is among the training samples.

    accuracy: of always saying what is most frequent. loss: of saying the frequencies. classes: how many, where all are
    about as frequent; else 0. weighted: whether classes have weights, with which the loss is; then the accuracy says
    nothing, because a network that learns gives up some of it for the rare classes.
    """

    accuracy: float
    loss: float
    classes: int
    weighted: bool = False


def note_of_guessing(
    history: Sequence[Record], graph: Graph, training: Samples, validation: Samples | None, steps_per_epoch: int
) -> str | None:
    """Return a sentence after the first epoch, from the second on, whose figures are those of guessing; else None.

    history: the records of all epochs, the newest last. Nothing is said before STEPS steps. A note that an earlier
    epoch gave is not repeated, which follows from the history alone, so that a run that is resumed knows it.
    """
    first = max(PATIENCE, -(-STEPS // steps_per_epoch))
    if len(history) < first:
        return None
    guess = None if graph.loss.outputs is Numbers else guess_of(training, graph)
    counts = len(training), 0 if validation is None else len(validation)
    for length in range(first, len(history) + 1):
        if learns_nothing(history[:length], guess, *counts):
            return None if length < len(history) else sentence(history, guess)
    return None


def guess_of(training: Samples, graph: Graph) -> Guessing:
    """Return the figures of guessing by the frequencies among the training samples."""
    targets, loss = training.all_targets, graph.loss
    if isinstance(loss, ClassWeighted) and isinstance(loss.class_weights, tuple):
        return weighted_guess(targets, loss, graph.output_shape)
    if loss.outputs is Classes:
        labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
        shares = np.bincount(labels, minlength=graph.output_shape[0]) / len(labels)
        present = shares[shares > 0]
        entropy = -float((present * np.log(present)).sum())
        balanced = entropy > 0.98 * math.log(max(2, len(shares)))
        return Guessing(float(shares.max()), entropy, len(shares) if balanced else 0)
    yes = targets.reshape(len(targets), -1).mean(axis=0, dtype=np.float64)
    both = np.stack([yes, 1 - yes])
    present = np.where(both > 0, both, 1.0)
    entropy = -float((present * np.log(present)).sum(axis=0).mean())
    return Guessing(float(both.max(axis=0).mean()), entropy, 2 if entropy > 0.98 * math.log(2) else 0)


def weighted_guess(targets: Array, loss: ClassWeighted, output_shape: Shape) -> Guessing:
    """Return the figures of guessing by the frequencies times the weights of the classes."""
    counts, weights = loss.counts(targets, output_shape), np.array(loss.class_weights)
    if counts.ndim == 2 and weights.ndim == 1:  # of yes in each output
        weights = np.stack([np.ones_like(weights), weights], axis=1)
    weighted = weights.T * counts / len(targets)  # classes, or answers × outputs
    present = np.where(weighted > 0, weighted, 1.0)
    losses = -(weighted * np.log(present / np.maximum(weighted.sum(axis=0), present))).sum(axis=0)
    return Guessing(0.0, float(np.mean(losses)), 0, weighted=True)


def learns_nothing(history: Sequence[Record], guess: Guessing | None, trained: int, validated: int) -> bool:
    """Return whether the newest epoch is no better than guessing, in training and in validation.

    trained, validated: the number of samples of each part.
    """
    newest = history[-1]
    parts = [(newest.training, trained)] + ([(newest.validation, validated)] if newest.validation else [])
    if fall(history) > FALLING:
        return False
    if guess is None:
        return all(figures.get("r2", 1.0) <= 0 for figures, _ in parts)
    if guess.loss == 0:  # all samples are of one class, of which there is a note already
        return False
    return all(is_guessed(figures, guess, count) for figures, count in parts)


def fall(history: Sequence[Record]) -> float:
    """Return the share by which the loss fell in the newest epoch: that of validation where both epochs have it."""
    newest, before = history[-1], history[-2]
    now, then = newest.training, before.training
    if newest.validation and before.validation:
        now, then = newest.validation, before.validation
    return (then["loss"] - now["loss"]) / then["loss"] if then["loss"] else 0.0


def is_guessed(figures: Mapping[str, float], guess: Guessing, count: int) -> bool:
    """Return whether the figures of so many samples are no better than those of guessing, but by chance."""
    if guess.weighted:
        return figures["loss"] >= (1 - LEARNT) * guess.loss
    deviation = math.sqrt(guess.accuracy * (1 - guess.accuracy) / count)
    chance = guess.accuracy + DEVIATIONS * deviation
    return figures["accuracy"] <= chance and figures["loss"] >= (1 - LEARNT) * guess.loss


def sentence(history: Sequence[Record], guess: Guessing | None) -> str:
    """Return what is the matter with the newest epoch, and what it probably comes from."""
    newest = history[-1]
    part, figures = ("validation", newest.validation) if newest.validation else ("training", newest.training)
    rate = max(record.learning_rate for record in history)  # a schedule may have ended near 0
    smaller = f"a smaller one, as {rate / 10:.2g}" if rate > 0 else "another one"
    if guess is None:
        return (
            f"after {newest.epoch} epochs the predictions are no better than the mean of the targets: R² on the {part} "
            f"part is {figure('r2', figures['r2'])}, and the loss falls no more. Most often the learning rate is too "
            f"large (up to {rate:.3g}; try {smaller}), or the inputs are far from 0…1 "
            '("normalize" in the data), or the last layer cannot reach the targets'
        )
    where = f" (ln {guess.classes})" if guess.classes else ""
    accuracies = (
        f"its accuracy on the {part} part is {figure('accuracy', figures['accuracy'])}, and always saying what is most "
        f"frequent has {figure('accuracy', guess.accuracy)}; "
    )
    if guess.weighted:
        accuracies = ""
    text = (
        f"after {newest.epoch} epochs the network is no better than guessing: {accuracies}its loss "
        f"{f'on the {part} part ' if guess.weighted else ''}is {figure('loss', figures['loss'])}, and that of guessing "
        f"{figure('loss', guess.loss)}{' with these class weights' if guess.weighted else where}. "
    )
    first = history[0].training["loss"]
    if figures["loss"] > FAR * guess.loss and abs(first - newest.training["loss"]) < STILL * first:
        return f"{text}As it has hardly changed, the learning rate is too small (up to {rate:.3g}): try a larger one"
    if figures["loss"] > FAR * guess.loss:
        return f"{text}A loss so far above comes from too large a learning rate (up to {rate:.3g}): try {smaller}"
    return (
        f"{text}Most often the learning rate is too large (up to {rate:.3g}; try {smaller}), so that units are "
        "dead and the last layer only learns the frequencies; or it is far too small; or the labels do not belong to "
        "the inputs"
    )
