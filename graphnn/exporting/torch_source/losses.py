"""The loss that training minimises, and what the outputs say of a sample."""

from collections.abc import Callable
from typing import Any

from graphnn.exporting.torch_source.expressions import literal
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.losses.base import SMALLEST, Loss
from graphnn.metrics.outputs import Classes


@frozen_dataclass
class LossSource:
    """The source of a loss. call: of (outputs, targets), with {z} and {y}. function: that it needs, if any."""

    call: str
    function: list[str]


def cross_entropy(loss: Any, logits: bool, outputs: int) -> LossSource:
    """Return cross-entropy, with smoothed labels and weights of the classes."""
    smoothing, weights = loss.label_smoothing, loss.class_weights
    smooth = f", label_smoothing={literal(smoothing)}" if smoothing else ""
    if logits and weights is None:
        return LossSource(f"F.cross_entropy({{z}}, {{y}}{smooth})", [])
    lines = ["def loss_function(z: Tensor, y: Tensor) -> Tensor:"]
    if logits:
        lines.append(f'    each = F.cross_entropy(z, y{smooth}, reduction="none")')
    else:
        lines.append("    targets = F.one_hot(y, z.shape[1]).float()")
        if smoothing:
            kept, share = 1 - smoothing, smoothing
            lines.append(f"    targets = {kept:.12g} * targets + {share!r} / z.shape[1]")
        lines.append(f"    each = -(targets * z.clamp(min={SMALLEST!r}).log()).sum(1)")
    if weights is None:
        return called([*lines, "    return each.mean()"])
    return called(
        [*lines, f"    weights = torch.tensor({literal(list(weights))})", "    return (weights[y] * each).mean()"]
    )


def mean_squared_error(loss: Any, logits: bool, outputs: int) -> LossSource:
    """Return the mean squared error."""
    return LossSource("F.mse_loss({z}, {y})", [])


def binary_cross_entropy(loss: Any, logits: bool, outputs: int) -> LossSource:
    """Return binary cross-entropy of each output, with weights of its answers."""
    weights = loss.class_weights
    if logits and weights is None:
        return LossSource("F.binary_cross_entropy_with_logits({z}, {y})", [])
    lines = ["def loss_function(z: Tensor, y: Tensor) -> Tensor:"]
    if weights is None:
        lines.append("    yes, no = y, 1 - y")
    else:
        pairs = [pair if isinstance(pair, tuple) else (1.0, pair) for pair in weights]
        if outputs == 1:
            pairs = [tuple(weights)]
        no, yes = ([float(pair[number]) for pair in pairs] for number in (0, 1))
        lines += [f"    yes = torch.tensor({yes}) * y", f"    no = torch.tensor({no}) * (1 - y)"]
    if logits:
        lines.append("    return -(yes * F.logsigmoid(z) + no * F.logsigmoid(-z)).mean()")
    else:
        low = f"clamp(min={SMALLEST!r}).log()"
        lines.append(f"    return -(yes * z.{low} + no * (1 - z).{low}).mean()")
    return called(lines)


def called(lines: list[str]) -> LossSource:
    """Return the loss as a function of the file."""
    return LossSource("loss_function({z}, {y})", lines)


# (loss, whether of logits, outputs) -> its source
LOSS_SOURCES: dict[str, Callable[[Any, bool, int], LossSource]] = {
    "CrossEntropy": cross_entropy,
    "MeanSquaredError": mean_squared_error,
    "BinaryCrossEntropy": binary_cross_entropy,
}


def beliefs_lines(loss: Loss, *, logits: bool, outputs: int) -> list[str]:
    """Return the lines of `predict`."""
    if loss.outputs is not Classes:
        return [f"return network.eval()(x){'.sigmoid()' if logits else ''}"]
    smoothing = getattr(loss, "label_smoothing", 0.0)
    shown = "network.eval()(x).softmax(1)" if logits else "network.eval()(x)"
    if not smoothing:
        return [f"return {shown}"]
    return [
        f"p = F.relu({shown} - {smoothing!r} / {outputs})  # what smoothing has added",
        "return p / p.sum(1, keepdim=True)",
    ]
