"""The training loop of the file."""

import math
from collections.abc import Mapping
from typing import Any

from graphnn.averaging.base import Averaging
from graphnn.exporting.torch_source.augmentation import extra_inputs
from graphnn.exporting.torch_source.expressions import WIDTH, literal
from graphnn.exporting.torch_source.initial import accessor
from graphnn.frozen_dataclass import frozen_dataclass

DEPTH = 12  # columns before a line of a step
AVERAGING = {
    "exponential": "min({decay}, (1 + {count}) / (10 + {count}))",
    "lookahead": "{power} * (step / steps) ** 3",
}  # the share of the average that stays


@frozen_dataclass
class Loop:
    """What the loop does.

    loss: an expression with {z} and {y}. prepare, rates: the lines of the optimizer before the loop, and of a step.
    several: whether there are several optimizers. scaled: whether a step's `rate` multiplies the gradient. ends: places
    of parameters, with the number of epochs that they are trained. clip: the longest gradient, or None. normalised: an
    expression with {x}. mean: an expression of the mean image. monitor: "loss" or "accuracy" where a plateau is
    watched; validated: of held-out samples.
    """

    training: Mapping[str, Any]
    loss: str
    prepare: list[str]
    rates: list[str]
    several: bool
    scaled: bool
    augmentations: tuple[Any, ...]
    averaging: Averaging | None
    ends: Mapping[str, int]
    clip: float | None
    learns_inputs: bool
    normalised: str
    mean: str
    classes: bool
    monitor: str | None
    validated: bool

    def lines(self) -> list[str]:
        """Return the function `train`."""
        epochs, drop = self.training["epochs"], self.training["drop_last"]
        whole = float(epochs).is_integer()
        per_epoch = "len(x) // BATCH_SIZE" if drop else "-(-len(x) // BATCH_SIZE)"
        named = drop or any("per_epoch" in line for line in (*self.rates, *self.prepare))
        count = "per_epoch" if named else per_epoch
        steps = f"EPOCHS * {count}" if whole else f"math.ceil(EPOCHS * {count})"
        counted = any("step" in line for line in (*self.rates, *self.prepare)) or self.averaging or not whole
        start = [f"per_epoch = {per_epoch}"] if named else []
        total = not whole or any("steps" in line for line in (*self.rates, *self.prepare, *self.average()))
        start += [f"steps, step = {steps}, 0" if total else "step = 0"] if counted else []
        start += self.prepare
        if self.averaging is not None:
            start.append("average = copy.deepcopy(network)")
        if self.monitor is not None:
            start.append("plateau = Plateau()")
        if "mirrored" in extra_inputs(self.augmentations):
            start.append("sides = torch.randint(2, (len(x),))")
        if "mean" in extra_inputs(self.augmentations):
            start.append(f"mean = {self.mean}")
        over = "EPOCHS" if whole else "math.ceil(EPOCHS)"
        split = "[:per_epoch]" if drop else ""
        target = "x: Tensor" if self.learns_inputs else "x: Tensor, y: Tensor"
        loop = [f"network.{accessor(place)}.requires_grad_(epoch < {end})" for place, end in self.ends.items()]
        loop += ["network.train()", f"for batch in torch.randperm(len(x)).split(BATCH_SIZE){split}:"]
        loop += [f"    {line}" for line in self.step(counted=bool(counted), whole=whole)]
        loop += self.epoch_end()
        if self.validated:
            head = ["def train(", "    network: Network, x: Tensor, y: Tensor, watched_x: Tensor, watched_y: Tensor"]
            head.append(") -> Network:")
        else:
            head = [f"def train(network: Network, {target}) -> Network:"]
        lines = [
            *head,
            '    """Trains the network, and returns it with the final weights."""',
            *(f"    {line}" if line else "" for line in start),
            f"    for epoch in range({over}):",
            *(f"        {line}" for line in loop),
        ]
        return [*lines, f"    return {'average' if self.keeps_average else 'network'}"]

    @property
    def keeps_average(self) -> bool:
        """Whether the result is an average beside the weights that are trained."""
        return self.averaging is not None and self.averaging.separate

    def step(self, *, counted: bool, whole: bool) -> list[str]:
        """Return the lines of one step."""
        lines = [] if whole else ["if step == steps:", "    break"]
        lines += self.rates
        optimizers = "optimizers" if self.several else "optimizer"
        shown, target = self.shown()
        lines += shown
        loss = f"loss = {self.loss.format(z=self.result(), y=target)}"
        if len(loss) + DEPTH > WIDTH:
            lines.append(f"z = {self.result()}")
            loss = f"loss = {self.loss.format(z='z', y=target)}"
        lines += [loss, "network.zero_grad()", "(rate * loss).backward()" if self.scaled else "loss.backward()"]
        if self.clip is not None:
            longest = f"{'rate * ' if self.scaled else ''}{literal(self.clip)}"
            lines.append(f"nn.utils.clip_grad_norm_(network.parameters(), {longest})")
        lines += ["for each in optimizers:", "    each.step()"] if self.several else [f"{optimizers}.step()"]
        if counted:
            lines.append("step += 1")
        return lines + self.average()

    def shown(self) -> tuple[list[str], str]:
        """Return the lines before the loss, and the targets."""
        extra = {"mirrored": "(sides[batch] + epoch) % 2 == 1", "mean": "mean"}
        given = "".join(f", {extra[name]}" for name in extra_inputs(self.augmentations))
        image = f"augment(x[batch]{given})" if self.augmentations else "x[batch]"
        if self.learns_inputs:
            return [f"images = {image}", "z = network(images)"], f"{self.normalised.format(x='images')}.view_as(z)"
        if self.classes:
            return ([f"images = {image}"] if given else []), "y[batch]"
        return [f"z = network({image})"], "y[batch].view_as(z)"

    def result(self) -> str:
        """Return the expression of the network's outputs."""
        if self.learns_inputs or not self.classes:
            return "z"
        if extra_inputs(self.augmentations):
            return "network(images)"
        return "network(augment(x[batch]))" if self.augmentations else "network(x[batch])"

    def average(self) -> list[str]:
        """Return the lines that average the weights after a step."""
        known: Any = self.averaging
        if known is None:
            return []
        every, decay = known.every, known.decay
        count = "step" if every == 1 else f"(step // {every})"
        power = literal(float(f"{decay**every:.12g}"))
        share = AVERAGING[known.type].format(decay=literal(decay), count=count, power=power)
        inner = [f"kept = {share}", "now = network.state_dict()", "for name, mean in average.state_dict().items():"]
        inner.append("    mean.copy_(mean + (1 - kept) * (now[name] - mean))")
        lines = inner if every == 1 else [f"if step % {every} == 0:", *(f"    {line}" for line in inner)]
        if known.separate:
            return lines
        again = f"if step % {every} == 0 or step == steps:" if every > 1 else ""
        copied = "network.load_state_dict(average.state_dict())"
        return [*lines, again, f"    {copied}"] if again else [*lines, copied]

    def epoch_end(self) -> list[str]:
        """Return the lines after the steps of an epoch."""
        lines = ['print(f"epoch {epoch + 1}: loss {loss.item():.4f}")']
        if self.monitor is None:
            return lines
        if not self.validated:
            return [*lines, "plateau.observe(evaluate(network, x, y))"]
        evaluated = "average" if self.keeps_average else "network"
        return [*lines, f"plateau.observe(evaluate({evaluated}, watched_x, watched_y))"]


def whole_number(epochs: float) -> str:
    """Return a number of epochs as it is written."""
    return str(int(epochs)) if float(epochs).is_integer() else repr(math.fsum([epochs]))
