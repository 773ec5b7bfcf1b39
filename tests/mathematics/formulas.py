"""The formulas of losses, optimizers, schedules and averagings in PyTorch, by type, from the values of a document."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

Options = Mapping[str, Any]


def cross_entropy(z: Any, y: Any, logits: bool, smoothing: float, weights: Any = None) -> Any:
    if logits and weights is None:
        return F.cross_entropy(z, y, label_smoothing=smoothing)
    if logits and smoothing == 0:  # PyTorch's mean divides by the weights of labels, but by the number of rows
        reduction = "mean" if y.ndim == 2 else "sum"
        return F.cross_entropy(z, y, weights.to(z.dtype), reduction=reduction) / (1 if y.ndim == 2 else len(y))
    rows = F.one_hot(y, z.shape[1]).to(z.dtype) if y.ndim == 1 else y
    rows = rows if weights is None else rows * weights.to(z.dtype)
    rows = (1 - smoothing) * rows + smoothing / z.shape[1] * rows.sum(1, keepdim=True)
    return -rows.mul(z.log_softmax(1) if logits else z.log()).sum(1).mean()


def binary_cross_entropy(z: Any, y: Any, logits: bool, smoothing: float, weights: Any = None) -> Any:
    function = F.binary_cross_entropy_with_logits if logits else F.binary_cross_entropy
    if weights is None:
        return function(z, y)
    no, yes = weights.to(z.dtype)  # of each output
    return function(z, y, y * yes + (1 - y) * no)


def balanced(y: Any, outputs: int, loss: str) -> Any:
    """Return the balanced weights of K classes, or of no and yes in each of K outputs, 2×K."""
    if loss == "BinaryCrossEntropy":
        return len(y) / (2 * torch.stack([(1 - y).sum(0), y.sum(0)]))
    counts = (F.one_hot(y, outputs) if y.ndim == 1 else y).double().sum(0)
    return torch.where(counts > 0, len(y) / ((counts > 0).sum() * counts.clamp(min=1e-9)), 1.0)


LOSSES: dict[str, Callable[..., Any]] = {
    "CrossEntropy": cross_entropy,
    "BinaryCrossEntropy": binary_cross_entropy,
    "MeanSquaredError": lambda z, y, logits, smoothing, weights=None: F.mse_loss(z, y),
}


class Lion(torch.optim.Optimizer):
    def __init__(self, parameters: Any, lr: float, weight_decay: float, betas: tuple[float, float]) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "betas": betas})

    @torch.no_grad()
    def step(self) -> None:
        group = self.param_groups[0]
        (first, second), (p,) = group["betas"], group["params"]
        m = self.state[p].get("m", torch.zeros_like(p))
        change = torch.sign(first * m + (1 - first) * p.grad) + group["weight_decay"] * p
        self.state[p]["m"] = second * m + (1 - second) * p.grad
        p -= group["lr"] * change


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters: Any, lr: float, momentum: float, nesterov: bool, steps: int) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "steps": steps})

    @torch.no_grad()
    def step(self) -> None:
        group = self.param_groups[0]
        (p,) = group["params"]
        inertia = group["momentum"] * self.state[p].get("I", torch.zeros_like(p)) + p.grad
        self.state[p]["I"] = inertia
        X = (p.grad + group["momentum"] * inertia if group["nesterov"] else inertia).flatten(1)
        tall = X.shape[0] > X.shape[1]
        X = X.T if tall else X
        X = X / (torch.linalg.matrix_norm(X) + 1e-7)
        for _ in range(group["steps"]):
            A = X @ X.T
            X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
        X = X.T if tall else X
        p.mul_(math.sqrt(len(p)) / torch.linalg.vector_norm(p)).sub_(group["lr"] * X.reshape(p.shape))


def adam(kind: Any) -> Callable[[Any, Options, float], Any]:
    return lambda p, o, decay: kind(p, o["learning_rate"], (o["beta_1"], o["beta_2"]), o["epsilon"], weight_decay=decay)


# (parameters, the section, weight decay) -> the optimizer of these parameters
OPTIMIZERS: dict[str, Callable[[Any, Options, float], Any]] = {
    "SGD": lambda p, o, decay: torch.optim.SGD(p, o["learning_rate"], weight_decay=decay),
    "SGDMomentum": lambda p, o, decay: torch.optim.SGD(
        p, o["learning_rate"], o["momentum"], weight_decay=decay, nesterov=o["nesterov"]
    ),
    "Adam": adam(torch.optim.Adam),
    "AdamW": adam(torch.optim.AdamW),
    "RMSprop": lambda p, o, decay: torch.optim.RMSprop(p, o["learning_rate"], o["rho"], o["epsilon"], decay),
    "Lion": lambda p, o, decay: Lion(p, o["learning_rate"], decay, (o["beta_1"], o["beta_2"])),
    "Muon": lambda p, o, decay: Muon(p, o["learning_rate"], o["momentum"], o["nesterov"], o["steps"]),
}


def set_rate(optimizer: Any, rate: float) -> None:
    """Set the learning rate; an inertia that contains the rate, as graphnn's does, keeps the old one.

    PyTorch's has no rate in it, so it is divided by the new one, which must not be 0 for that.
    """
    rate = max(rate, 1e-30)
    for group in optimizer.param_groups:
        for state in optimizer.state.values():
            if "momentum_buffer" in state and isinstance(optimizer, torch.optim.SGD):
                state["momentum_buffer"].mul_(group["lr"] / rate)
        group["lr"] = rate


@dataclass
class Place:
    """A step of a run, counted from 0, and the losses after each epoch before it."""

    step: int
    per_epoch: int
    total: int
    losses: Sequence[float] = ()

    @property
    def done(self) -> float:
        return self.step / self.total


def warmed(scale: Callable[[Options, Place, float], float]) -> Callable[[Options, Place], float]:
    """Return a schedule with a warm-up; `scale` takes the part of the steps after it that is done."""

    def warm(o: Options, place: Place) -> float:
        warmup = o["warmup_epochs"] * place.per_epoch
        after = max(0.0, (place.step - warmup) / (place.total - warmup))
        return min(1.0, (place.step + 1) / warmup if warmup else 1.0) * scale(o, place, after)

    return warm


def one_cycle(o: Options, place: Place) -> float:
    peak = o["peak"] * place.total if o.get("warmup_epochs") is None else o["warmup_epochs"] * place.per_epoch
    points = [(0, o["start_scale"]), (peak, 1.0), (place.total, o["final_scale"])]
    return interpolated(points, place.step)


def interpolated(points: Sequence[tuple[float, float]], at: float) -> float:
    if at <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in itertools.pairwise(points):
        if left <= at <= right:
            return low + (high - low) * (at - left) / (right - left)
    return points[-1][1]


def reduce_on_plateau(o: Options, place: Place, _: float) -> float:
    """PyTorch's own, told the losses so far."""
    optimizer = torch.optim.SGD([torch.zeros(1)], 1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=o["factor"], patience=o["patience"] - 1, threshold=0.0, min_lr=o["min_scale"], eps=0.0
    )
    for loss in place.losses:
        plateau.step(loss)
    return float(optimizer.param_groups[0]["lr"])


SCHEDULES: dict[str, Callable[[Options, Place], float]] = {
    "constant": warmed(lambda o, place, done: 1.0),
    "cosine": warmed(
        lambda o, place, done: o["final_scale"] + (1 - o["final_scale"]) * math.cos(math.pi / 2 * min(done, 1)) ** 2
    ),
    "step": warmed(lambda o, place, done: o["factor"] ** (place.step // (place.per_epoch * o["every"]))),
    "reduce_on_plateau": warmed(reduce_on_plateau),
    "one_cycle": one_cycle,
    "piecewise_linear": lambda o, place: interpolated([tuple(point) for point in o["points"]], place.done),
}

# (the section, number of the averaging from 1, part of the run that is done) -> (share of the old average, whether kept
# apart from the weights)
AVERAGINGS: dict[str, Callable[[Options, int, float], tuple[float, bool]]] = {
    "exponential": lambda o, count, done: (min(o["decay"], (1 + count) / (10 + count)), True),
    "lookahead": lambda o, count, done: (o["decay"] ** o["every"] * done**3, False),
}
