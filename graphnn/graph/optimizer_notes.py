"""Notes about settings of optimizers and schedules of which one makes another useless."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from graphnn.document.document import value_at
from graphnn.graph.graph import Graph, named_parameters
from graphnn.graph.odd_values import LEAST, TINY, sections
from graphnn.optimizers.groups import members
from graphnn.parameters.parameter import Role
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec

PEAK, START = 0.25, 0.1  # the defaults in the schema, which the resolved document of a run writes out


def optimizer_notes(spec: Spec, graph: Graph) -> Iterator[Finding]:
    """Yield the notes about the optimizers and schedules of a document, and about its groups."""
    for section in sections(spec):
        if section.path[-1] == "optimizer":
            yield from pair_notes(spec, section)
        elif section.path[-1] == "schedule":
            yield from shape_notes(section)
    common = spec.optimizer
    groups = common.options.get("groups", ())
    trained = {name: parameter for name, parameter in named_parameters(graph.nodes).items() if parameter.trainable}
    taken = members([group["match"] for group in groups], trained)
    if all(number is not None and groups[number].get("optimizer") for number in taken):
        message = "trains nothing, because each parameter is in a group with an optimizer of its own"
        yield Finding((*common.path, "type"), f"{common.type} {message}; write one of those here, without its group")
    for index, group in enumerate(groups):
        path = (*common.path, "groups", index)
        optimizer: Section = group.get("optimizer") or common
        rate = group["learning_rate_scale"] * optimizer.options["learning_rate"]
        if rate < TINY <= min(group["learning_rate_scale"], optimizer.options["learning_rate"]):
            message = f"a learning rate of {rate:g} changes no weight, because float32 cannot add so little to one"
            yield Finding((*path, "learning_rate_scale"), message)
        scale = group.get("weight_decay_scale")
        if scale is None and optimizer is common and group["learning_rate_scale"] == 1:
            continue  # as the network's
        weights = any(
            number == index and p.role is Role.WEIGHT for number, p in zip(taken, trained.values(), strict=True)
        )
        if scale is None and not weights and not optimizer.options.get("decay_biases"):
            continue
        decay = (1 if scale is None else scale) * optimizer.options.get("weight_decay", 0)
        if decay * rate >= 1 and optimizer.type not in ADAPTIVE:
            own = (*path, "optimizer", "weight_decay") if optimizer is not common else (*path, "learning_rate_scale")
            yield Finding(own if scale is None else (*path, "weight_decay_scale"), overwritten(decay, rate))
    if "weight_decay" in common.options and common.type not in ADAPTIVE:
        decay, rate = common.options["weight_decay"], common.options["learning_rate"]
        if decay * rate >= 1:
            yield Finding((*common.path, "weight_decay"), overwritten(decay, rate))


NETWORK = ("optimizer", "schedule")  # a group's schedule may well end at 0, which freezes its parameters
ADAPTIVE = ("Adam", "RMSprop")  # which divide the decay by the gradients too; others take it from the weights


def overwritten(decay: float, rate: float) -> str:
    """Return the message about steps that take away whole weights."""
    product = f"learning rate {rate:g} times decay {decay:g}"
    return f"each step takes away {decay * rate:g} times the weights, {product}; write less"


def pair_notes(spec: Spec, optimizer: Section) -> Iterator[Finding]:
    """Yield the notes about pairs of settings of one optimizer."""
    options, path = optimizer.options, optimizer.path
    if options.get("momentum") == 0 and value_at(spec.document.value, (*path, "nesterov")):  # Muon has it by default
        yield Finding((*path, "nesterov"), "looks ahead along the momentum, which is 0; give it one, or leave this out")
    if options.get("decay_biases") and not options.get("weight_decay"):
        yield Finding((*path, "decay_biases"), "no bias decays, because weight_decay is 0; set it, or leave this out")
    if optimizer.type in ("Adam", "AdamW") and options["beta_1"] > options["beta_2"]:
        message = f"{options['beta_1']:g} is more than beta_2, {options['beta_2']:g}; were they exchanged?"
        yield Finding((*path, "beta_1"), message)


def shape_notes(schedule: Section) -> Iterator[Finding]:
    """Yield the notes about a schedule whose settings cancel each other."""
    options: Mapping[str, Any] = schedule.options
    path = schedule.path
    if schedule.type == "one_cycle":
        if "warmup_epochs" in options and options["peak"] != PEAK:
            message = "has no effect beside warmup_epochs, which says when the rise ends; take it out"
            yield Finding((*path, "peak"), message)
        if options.get("warmup_epochs") == 0 and options["start_scale"] != START:
            message = "has no effect, because warmup_epochs is 0, so that nothing rises; take one of them out"
            yield Finding((*path, "start_scale"), message)
        elif options["start_scale"] == options["final_scale"] == 1:
            yield Finding((*path, "start_scale"), "from 1 to 1 the learning rate stays as it is; write less")
    if schedule.type == "reduce_on_plateau" and max(options["factor"], options["min_scale"]) < LEAST:
        message = f"{options['factor']:g} ends training at the first change; usual is 0.1"
        yield Finding((*path, "factor"), message)
    elif schedule.type == "reduce_on_plateau" and options["factor"] < options["min_scale"] <= 0.99:
        message = (
            f"{options['min_scale']:g} is more than factor, {options['factor']:g}, so that the learning rate falls"
        )
        yield Finding((*path, "min_scale"), f"{message} once, to this, and factor has no effect; write less")
    if schedule.type == "piecewise_linear":
        factors = [factor for _, factor in options["points"]]
        if len(set(factors)) == 1 and factors[0]:
            message = f"the factor is {factors[0]:g} throughout; scale the learning rate instead, or let it change"
            yield Finding((*path, "points"), message)
        elif 0 < max(factors) < LEAST:
            yield Finding((*path, "points"), f"{max(factors):g} times the learning rate is the most; usual is 1")
        elif (
            path == NETWORK and (share := without_change(options["points"])) > 0.5
        ):  # for a group this is how to freeze it
            message = f"the learning rate is 0 in {share:.0%} of the run, which changes nothing; end the run earlier"
            yield Finding((*path, "points"), message)
        for index, factor in enumerate(factors):
            if factor > 1e6:
                yield Finding((*path, "points", index, 1), f"{factor:g} times the learning rate is a leap; usual is 1")


def without_change(points: Sequence[tuple[float, float]]) -> float:
    """Return the share of the run in which the line through points, level before and after them, is 0."""
    (first, start), (last, end) = points[0], points[-1]
    line = [(min(0, first), start), *points, (max(1, last), end)]
    return sum(there - here for (here, before), (there, after) in pairwise(line) if before == after == 0)
