"""The groups of parameters that are trained alike, as lines that make the optimizers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from graphnn.exporting.torch_source.expressions import INDENT, WIDTH, Argument, Call, Variable, laid_out, literal
from graphnn.exporting.torch_source.identifiers import Names
from graphnn.exporting.torch_source.optimizing import (
    INTERPOLATED,
    enclosed,
    in_lines,
    optimizer_source,
    schedule_source,
)
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import Rule, rule_numbers, rules
from graphnn.parameters.parameter import Parameter
from graphnn.schedules.base import Schedule

WEIGHTS, OTHERS = "p.ndim > 1", "p.ndim < 2"
DEPTH = 12  # columns before a line of a step


@frozen_dataclass
class Alike:
    """Parameters with the same rule and the same weight decay. names: in the state_dict."""

    rule: Rule
    decay: float
    names: tuple[str, ...]
    scale: str


@frozen_dataclass
class Optimizing:
    """The source of what updates parameters.

    sources: classes of the file. lines: in `train`, before the loop; they set `optimizers` or `optimizer`. rates: in
    the loop, before a step. several: whether there are several optimizers. scaled: whether a step's `rate` multiplies
    the gradient.
    """

    sources: list[list[str]]
    lines: list[str]
    rates: list[str]
    several: bool
    scaled: bool


def parameters_alike(
    optimizer: Optimizer,
    groups: Sequence[ParameterGroup],
    trained: Mapping[str, Parameter],
    names: Mapping[str, str],
    schedule: Schedule,
) -> list[Alike]:
    """Return the parameters by rule and decay, those of groups first. names: in the state_dict."""
    made = rules(optimizer, groups)
    found: dict[tuple[int, float], list[str]] = {}
    for (name, parameter), number in zip(trained.items(), rule_numbers(groups, trained), strict=True):
        found.setdefault((number, made[number].weight_decay(parameter.role)), []).append(names[name])
    order = sorted(found, key=lambda key: (key[0] == 0, key[0], -key[1]))
    return [
        Alike(made[number], decay, tuple(found[number, decay]), schedule_source(made[number].schedule or schedule))
        for number, decay in order
    ]


def optimizing(alike: Sequence[Alike], dimensions: Mapping[str, int]) -> Optimizing:
    """Return the source that updates all parameters. dimensions: the number of axes of each, by its name."""
    schedules = {each.scale for each in alike}
    constant = schedules == {"1"}
    instances: dict[Optimizer, list[Alike]] = {}
    for each in alike:
        plain = replace(each.rule.optimizer, learning_rate=1.0, **without_decay(each.rule.optimizer))
        instances.setdefault(plain, []).append(each)
    sources: list[list[str]] = []
    classes: list[tuple[str, str]] = []  # each with its settings
    names = Names()
    for members in instances.values():
        name, settings, source = optimizer_source(members[0].rule.optimizer, constant=constant)
        if source is not None:
            plain_name, name = name, names.new(name, "")
            sources.append(source.replace(f"class {plain_name}(", f"class {name}(").split("\n"))
        classes.append((name, settings))
    rates = {each.rule.learning_rate for each in alike}
    if len(instances) == 1 and len(rates) == 1 and len(schedules) == 1 and is_plain(alike, dimensions):
        return simple(alike, constant=constant)
    lines = grouped_lines(list(instances.values()), classes, constant, len(schedules) == 1)
    factor = changing(alike, alike[-1].scale)[2] if len(schedules) > 1 else enclosed(alike[0].scale)
    several = len(instances) > 1
    groups = "[g for each in optimizers for g in each.param_groups]" if several else "optimizer.param_groups"
    loop = [] if constant else [f"for group in {groups}:", f'    group["lr"] = group["rate"] * {factor}']
    if loop and len(loop[1]) + DEPTH > WIDTH and len(schedules) == 1:
        loop = [*in_lines(alike[0].scale), loop[0], '    group["lr"] = group["rate"] * scale']
    return Optimizing(sources, lines, loop, several, False)


def simple(alike: Sequence[Alike], *, constant: bool) -> Optimizing:
    """Return the source of one optimizer with one learning rate.

    PyTorch's SGD has the inertia without the learning rate, so that a change of the rate changes what came before it.
    Where the rate changes, it multiplies the gradients instead, and `lr` is 1.
    """
    each = alike[0].rule.optimizer
    scaled = each.type == "SGDMomentum" and not constant
    name, settings, source = optimizer_source(each, constant=constant or scaled)
    own, rate = source is not None, alike[0].rule.learning_rate
    known = [entry for entry in alike if entry.decay]
    lines = simple_lines(alike, name, settings, own=own, rate=1.0 if scaled else rate, decays=not scaled)
    factor = f"{literal(rate)} * {enclosed(alike[0].scale)}"
    rates: list[str] = []
    if scaled:
        place = next(number for number, line in enumerate(lines) if line.startswith("optimizer = "))
        lines.insert(place, "# the learning rate multiplies gradients, and stays in the inertia as it was then")
        decay = [f'optimizer.param_groups[0]["weight_decay"] = rate * {literal(known[0].decay)}'] if known else []
        rates = [f"rate = {factor}", *decay]
    elif not constant:
        rates = ["for group in optimizer.param_groups:", f'    group["lr"] = {factor}']
    if any(len(line) + DEPTH > WIDTH for line in rates):
        rates = [*in_lines(alike[0].scale), *(line.replace(factor, f"{literal(rate)} * scale") for line in rates)]
    return Optimizing([] if source is None else [source.split("\n")], lines, rates, False, scaled)


def without_decay(optimizer: Optimizer) -> dict[str, Any]:
    """Return the settings that groups give, so that optimizers which differ by them alone are one."""
    shared: dict[str, Any] = {"clip_norm": None}
    if hasattr(optimizer, "weight_decay"):
        shared |= {"weight_decay": 0.0, "decay_biases": False}
    return shared


def is_plain(alike: Sequence[Alike], dimensions: Mapping[str, int]) -> bool:
    """Whether parameters of two axes or more are what decays, or all decay alike."""
    if len(alike) == 1:
        return True
    if len(alike) != 2 or alike[1].decay != 0:
        return False
    return all(dimensions[name] > 1 for name in alike[0].names) and all(dimensions[name] < 2 for name in alike[1].names)


def simple_lines(
    alike: Sequence[Alike], name: str, settings: str, *, own: bool, rate: float, decays: bool
) -> list[str]:
    """Return the lines of one optimizer with one learning rate. decays: whether the weight decay is given here."""
    first = alike[0].decay if decays else 0.0
    if len(alike) == 1:
        shown = f", weight_decay={literal(first)}" if first or name.endswith("AdamW") else ""
        given = (
            f'{{"lr": {literal(rate)}, "weight_decay": {literal(first)}}}'
            if own
            else f"lr={literal(rate)}{settings}{shown}"
        )
        return making(name, "network.parameters()", given)
    given = f'{{"lr": {literal(rate)}}}' if own else f"lr={literal(rate)}{settings}"
    decay = f', "weight_decay": {literal(first)}' if decays else ""
    none = ', "weight_decay": 0.0' if decays and (own or name.endswith("AdamW")) else ""
    groups = [
        f'{group} = {{"params": [p for p in network.parameters() if {which}]{decayed}}}'
        for group, which, decayed in (("weights", WEIGHTS, decay), ("others", OTHERS, none))
    ]
    if max(map(len, groups)) + len(INDENT) <= WIDTH:
        return [*groups, *making(name, "[weights, others]", given)]
    members = [Variable(f'{{"params": weights{decay}}}'), Variable(f'{{"params": others{none}}}')]
    return [
        f"weights = [p for p in network.parameters() if {WEIGHTS}]",
        f"others = [p for p in network.parameters() if {OTHERS}]",
        *(line.removeprefix(INDENT) for line in laid_out("groups = ", members, 1)),
        *making(name, "groups", given),
    ]


def making(name: str, parameters: str, given: str) -> list[str]:
    """Return the lines that make an optimizer. given: its other arguments, as text."""
    arguments = [parameters, given] if given.startswith("{") else [parameters, *re.split(r", (?=\w+=)", given)]
    whole = Call(name, tuple(Argument(Variable(each)) for each in arguments))
    return [line.removeprefix(INDENT) for line in laid_out("optimizer = ", whole, 1)]


def grouped_lines(
    instances: Sequence[Sequence[Alike]], classes: Sequence[tuple[str, str]], constant: bool, one_schedule: bool
) -> list[str]:
    """Return the lines that take parameters by their names, and make an optimizer of each kind."""
    everything = [each for members in instances for each in members]
    remaining = [name for each in everything for name in each.names]
    usual = everything[-1].scale
    key, default, _ = changing(everything, usual)
    entries: dict[int, Call] = {}
    for each in everything:
        patterns = patterns_for(each, remaining)
        remaining = [name for name in remaining if name not in each.names]
        rate, decay = significant(each.rule.learning_rate), significant(each.decay)
        arguments = [Argument(" ".join(patterns)), Argument(rate), Argument(decay, default=0.0)]
        if each.scale != usual:
            arguments.append(Argument(Variable(changing([each], each.scale, key)[1]), key))
        entries[id(each)] = Call("group", tuple(arguments))
    of_rate = "lr" if constant else "rate"
    given, kept = ("", "") if one_schedule else (f", {key}={default}", f', "{key}": {key}')
    heading = [f"def group(patterns, rate, decay=0.0{given}):"]
    if len(heading[0]) + len(INDENT) > WIDTH:
        heading = ["def group(", f"    patterns, rate, decay=0.0{given}", "):"]
    lines = [
        "named = dict(network.named_parameters())",
        "",
        *heading,
        "    names = [n for each in patterns.split() for n in fnmatch.filter(named, each)]",
        "    params = [named.pop(name) for name in names]",
        f'    return {{"params": params, "{of_rate}": rate, "weight_decay": decay{kept}}}',
        "",
    ]
    several = len(instances) > 1
    made: list[str] = []
    variables = Names()
    for members, (name, settings) in zip(instances, classes, strict=True):
        variable = variables.new(name.rsplit(".", 1)[-1].lower() if several else "optimizer")
        made.append(variable)
        groups = [entries[id(each)] for each in members]
        none = ', {"lr": 0.0}' if "." not in name else ("" if constant else ", lr=0.0") + settings
        given = none.removeprefix(", ")
        split = [given] if given.startswith("{") else re.split(r", (?=\w+=)", given)
        rest = [Argument(Variable(each)) for each in split if each]
        lines += [line[4:] for line in laid_out(f"{variable} = ", Call(name, (Argument(groups), *rest)), 1)]
    return [*lines, f"optimizers = [{', '.join(made)}]"] if several else lines


def changing(alike: Sequence[Alike], usual: str, key: str | None = None) -> tuple[str, str, str]:
    """Return what groups with different schedules have: its key, the usual value, and the factor of a step."""
    if key == "points" or (key is None and all(each.scale.startswith(INTERPOLATED) for each in alike)):
        points = usual.removeprefix(INTERPOLATED).removesuffix(")")
        return "points", f"({points})", f'{INTERPOLATED}*group["points"])'
    return "scale", f"lambda step: {usual}", 'group["scale"](step)'


def significant(number: float) -> float:
    """Return a number without the rounding errors of a product."""
    return float(f"{number:.12g}")


def patterns_for(each: Alike, remaining: Sequence[str]) -> list[str]:
    """Return patterns that match just these of the remaining names."""
    group = each.rule.group.match
    before, _, parameter = group.rpartition("/")
    known = {"weights": "weight", "biases": "bias", "gamma": "weight", "beta": "bias", "slopes": "weight"}
    candidates = ["*", f"{before}.{known.get(parameter, parameter)}", "*.weight", "*.bias"]
    for pattern in candidates:
        if {name for name in remaining if fnmatchcase(name, pattern)} == set(each.names):
            return [pattern]
    return list(each.names)
