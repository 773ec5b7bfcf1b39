"""Optimizers and schedules: what PyTorch has is called, the rest is written into the file."""

import re
from collections.abc import Callable
from typing import Any

from graphnn.exporting.torch_source.expressions import literal, rounded
from graphnn.optimizers.base import Optimizer
from graphnn.schedules.base import Schedule

HEAD = """    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
"""
INERTIA = f'''class Inertia(torch.optim.Optimizer):
    """Gradient descent with inertia I = βI + α(g + λP)."""

{HEAD}                I = self.state[p].setdefault("inertia", torch.zeros_like(p))
                change = group["lr"] * (p.grad + group["weight_decay"] * p)
                I.mul_({{momentum}}).add_(change)
                p -= {{step}}'''
LION = f'''class Lion(torch.optim.Optimizer):
    """Steps of one size, by the sign of a running mean of the gradient."""

{HEAD}                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                sign = torch.lerp(p.grad, mean, {{beta_1}}).sign()
                p -= group["lr"] * (sign + group["weight_decay"] * p)
                mean.lerp_(p.grad, {{rest}})'''
MUON = f'''class Muon(torch.optim.Optimizer):
    """Inertia with steps made orthogonal by Newton-Schulz; P keeps its norm."""

{HEAD}                I = self.state[p].setdefault("inertia", torch.zeros_like(p))
                I.mul_({{momentum}}).add_(p.grad)
                x = ({{step}}).flatten(1)
                x = x / (x.norm() + 1e-7)
                for _ in range({{steps}}):
                    a = x @ x.T
                    x = 3.4445 * x + (2.0315 * a @ a - 4.775 * a) @ x
                p *= len(p) ** 0.5 / p.norm().clamp(min=1e-12)
                p -= group["lr"] * x.view_as(p)'''


def sgd(each: Any, kept: bool) -> tuple[str, str, str | None]:
    """Return the class, its settings and its source."""
    return "torch.optim.SGD", "", None


def sgd_momentum(each: Any, kept: bool) -> tuple[str, str, str | None]:
    """Return PyTorch's class where the rate is constant; else one that keeps the rate of each step."""
    if kept:
        settings = f", momentum={literal(each.momentum)}{', nesterov=True' * each.nesterov}"
        return "torch.optim.SGD", settings, None
    momentum = literal(each.momentum)
    step = f"change + {momentum} * I" if each.nesterov else "I"
    return "Inertia", "", INERTIA.format(momentum=momentum, step=step)


def adam(name: str) -> Callable[[Any, bool], tuple[str, str, str | None]]:
    """Return the same for a class of torch.optim with two betas."""

    def source(each: Any, kept: bool) -> tuple[str, str, str | None]:
        betas, default = (each.beta_1, each.beta_2), (0.9, 0.999)
        settings = "" if betas == default else f", betas={literal(betas)}"
        settings += "" if each.epsilon == 1e-8 else f", eps={literal(each.epsilon)}"
        return f"torch.optim.{name}", settings, None

    return source


def rmsprop(each: Any, kept: bool) -> tuple[str, str, str | None]:
    """Return RMSprop."""
    settings = f", alpha={literal(each.rho)}" + ("" if each.epsilon == 1e-8 else f", eps={literal(each.epsilon)}")
    return "torch.optim.RMSprop", settings, None


def lion(each: Any, kept: bool) -> tuple[str, str, str | None]:
    """Return Lion, which PyTorch does not have."""
    return "Lion", "", LION.format(beta_1=literal(each.beta_1), rest=literal(rounded(1 - each.beta_2)))


def muon(each: Any, kept: bool) -> tuple[str, str, str | None]:
    """Return Muon, which also keeps the norm of the weights."""
    momentum = literal(each.momentum)
    step = f"p.grad + {momentum} * I" if each.nesterov else "I"
    return "Muon", "", MUON.format(momentum=momentum, step=step, steps=each.steps)


# (optimizer, whether its learning rate is the same in all steps) -> class, settings, source of the class
OPTIMIZER_SOURCES: dict[str, Callable[[Any, bool], tuple[str, str, str | None]]] = {
    "SGD": sgd,
    "SGDMomentum": sgd_momentum,
    "Adam": adam("Adam"),
    "AdamW": adam("AdamW"),
    "Lion": lion,
    "RMSprop": rmsprop,
    "Muon": muon,
}


def optimizer_source(each: Optimizer, *, constant: bool) -> tuple[str, str, str | None]:
    """Return the class of an optimizer, its settings as text after the groups, and its source if it needs one."""
    return OPTIMIZER_SOURCES[each.type](each, constant)


LONG = 60  # characters of an expression
INTERPOLATED = "np.interp(step / steps, "
PLATEAU = '''class Plateau:
    """A factor that falls after {patience} epochs in a row without a new best figure."""

    factor, best, waited = 1.0, float("inf"), 0

    def observe(self, figure: float) -> None:
        if figure < self.best:
            self.best, self.waited = figure, 0
        else:
            self.waited += 1
        if self.waited >= {patience}:
            self.factor, self.waited = max(self.factor * {factor}, {least}), 0'''


def one_cycle(each: Any) -> str:
    """Return a rise and a fall."""
    start, final = each.start_scale, each.final_scale
    if each.warmup_epochs is not None:
        peak = f"{literal(each.warmup_epochs)} * per_epoch"
        rise = f"{literal(start)} + {literal(rounded(1 - start))} * step / ({peak})"
        fall = f"1 + {literal(rounded(final - 1))} * (step - {peak}) / max(steps - {peak}, 1)"
        return f"{rise} if step < {peak} else {fall}" if each.warmup_epochs else fall
    inner = {0.0: start, float(each.peak): 1.0, 1.0: final if each.peak < 1 else 1.0}
    inner = {**inner, 0.0: 1.0} if each.peak == 0 else inner
    return interpolated(list(inner.items()))


def interpolated(points: list[Any]) -> str:
    """Return the interpolation between (fraction of the run, scale)."""
    fractions, scales = ([short(point[axis]) for point in points] for axis in (0, 1))
    return f"{INTERPOLATED}[{', '.join(fractions)}], [{', '.join(scales)}])"


def short(number: float) -> str:
    """Return a number, whole ones without a point."""
    return literal(int(number) if float(number).is_integer() else number)


def cosine(each: Any) -> str:
    """Return half a cosine, after the warm-up."""
    warmup = f"{literal(each.warmup_epochs)} * per_epoch"
    done = f"max(0.0, step - {warmup}) / max(steps - {warmup}, 1)" if each.warmup_epochs else "step / steps"
    wave = f"(1 + np.cos(np.pi * {done})) / 2"
    final = each.final_scale
    return wave if final == 0 else f"{literal(final)} + {literal(rounded(1 - final))} * {wave}"


SCHEDULE_SOURCES: dict[str, Callable[[Any], str]] = {
    "constant": lambda each: "1",
    "one_cycle": one_cycle,
    "piecewise_linear": lambda each: interpolated(list(each.points)),
    "cosine": cosine,
    "step": lambda each: f"{literal(each.factor)} ** (step // per_epoch // {each.every})",
    "reduce_on_plateau": lambda each: "plateau.factor",
}  # the factor on the learning rate, of step, steps and per_epoch


def schedule_source(schedule: Schedule) -> str:
    """Return the factor on the learning rate at a step as an expression; "1" where it is constant."""
    known: Any = schedule
    base = SCHEDULE_SOURCES[schedule.type](known)
    warmup = getattr(known, "warmup_epochs", None)
    if not warmup or schedule.type == "one_cycle":
        return base
    rise = f"min(1, (step + 1) / ({literal(warmup)} * per_epoch))"
    return rise if base == "1" else f"{rise} * {enclosed(base)}"


def enclosed(scale: str) -> str:
    """Return an expression as a factor: a sum or a choice in brackets."""
    depth, outside = 0, ""
    for each in scale:
        depth += (each in "([") - (each in ")]")
        outside += each if depth == 0 else ""
    return f"({scale})" if any(word in outside for word in (" + ", " if ")) else scale


def in_lines(scale: str) -> list[str]:
    """Return the lines that set `scale` to a long expression, with what it has twice under names."""
    lines = []
    warmup = re.search(r"[\d.e-]+ \* per_epoch", scale)
    if warmup and len(scale) > LONG:
        lines.append(f"warmup = {warmup[0]}")
        scale = scale.replace(f"({warmup[0]})", "warmup").replace(warmup[0], "warmup")
    done = "max(0.0, step - warmup) / max(steps - warmup, 1)"
    if done in scale:
        lines.append(f"done = {done}")
        scale = scale.replace(done, "done")
    return [*lines, f"scale = {scale}"]


def plateau_source(schedule: Any) -> list[str]:
    """Return the class that reduces the learning rate."""
    values = {"patience": schedule.patience, "factor": literal(schedule.factor), "least": literal(schedule.min_scale)}
    source = PLATEAU
    for name, value in values.items():
        source = source.replace(f"{{{name}}}", str(value))
    return source.split("\n")
