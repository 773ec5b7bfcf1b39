"""Classes for modules that occur in several forms: what differs between instances becomes a parameter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graphnn.exporting.torch_source.expressions import Argument, Call, Variable, inline, laid_out, literal
from graphnn.exporting.torch_source.identifiers import Names
from graphnn.exporting.torch_source.modules import HELPERS
from graphnn.frozen_dataclass import frozen_dataclass

GROUP = "{group}"  # ends the function of a call of a class that is not named yet; its keywords are the attributes
REPEATED = 3  # equal modules in a row that are written as a loop


@frozen_dataclass
class Made:
    """A class of the file. parameters: (name, type, default) of its constructor. body: its modules, with Variables."""

    name: str
    parameters: tuple[tuple[str, str, Any], ...]
    body: Call

    def lines(self) -> list[str]:
        """Return the source."""
        residual = self.body.function != GROUP
        given = ", ".join(["self", *map(declared, self.parameters)])
        lines = [f"class {self.name}({'Residual' if residual else 'nn.Sequential'}):"]
        lines.append(f"    def __init__({given}) -> None:")
        if residual:
            return [*lines, *laid_out("", replace(looped(self.body), function="super().__init__"), 2)]
        return [
            *lines,
            "        super().__init__()",
            *attributes([(str(a.keyword), a.value) for a in self.body.arguments]),
        ]


def attributes(modules: Sequence[tuple[str, Call]]) -> list[str]:
    """Return the lines that set modules as attributes."""
    return [line for name, module in modules for line in laid_out(f"self.{name} = ", looped(module), 2)]


def looped(module: Call) -> Call:
    """Return a module in which equal modules in a row are made by a loop."""

    def change(inner: Call) -> Call:
        if inner.function.removesuffix(GROUP) not in ("nn.Sequential", "Residual"):
            return inner
        arguments: list[Argument] = []
        run: list[Argument] = []
        for argument in (*inner.arguments, None):
            if run and (argument is None or argument != run[0]):
                if len(run) >= REPEATED:
                    loop = f"*[{inline(run[0].value)} for _ in range({len(run)})]"
                    arguments.append(Argument(Variable(loop)))
                else:
                    arguments += run
                run = []
            if argument is not None:
                run.append(argument)
        return replace(inner, arguments=tuple(arguments))

    changed: Call = module.mapped(change)
    return changed


def named_classes(top: Call) -> tuple[Call, list[Made]]:
    """Return the network with calls of classes for groups, and the classes, the inner ones first."""
    made: list[Made] = []
    names = Names(["Network", "Tensor", "Path", *HELPERS, "F"])
    while True:
        ready = [each for each in top.inside() if is_group(each) and not any(map(is_group, list(each.inside())[:-1]))]
        if not ready:
            return top, made
        alike: dict[Any, list[Call]] = {}
        for each in ready:
            alike.setdefault(each.skeleton, []).append(each)
        known = {}
        for form, instances in alike.items():
            wanted = next((each.note for each in instances if each.note), "Block")
            known[form] = class_of(names.new(wanted, ""), instances)
            made.append(known[form][0])

        def change(inner: Call, known: Any = known) -> Call:
            if not is_group(inner) or inner.skeleton not in known:
                return inner
            new, columns = known[inner.skeleton]
            values = [slot.value for slot in inner.slots]
            arguments = tuple(
                Argument(values[first], default=default, hint=name)
                for (name, _, default), first in zip(new.parameters, columns, strict=True)
            )
            return Call(new.name, arguments)

        top = top.mapped(change)


def is_group(each: Call) -> bool:
    """Whether a call stands for a class that is not written yet."""
    return each.function.endswith(GROUP)


def class_of(name: str, instances: Sequence[Call]) -> tuple[Made, list[int]]:
    """Return the class that all instances are of, and for each of its parameters the first slot that it fills."""
    rows = [[slot.value for slot in instance.slots] for instance in instances]
    slots_of_first = list(instances[0].slots)
    columns = list(zip(*rows, strict=True))
    by_column: dict[tuple[Any, ...], list[int]] = {}
    for number, column in enumerate(columns):
        if len(set(column)) > 1:
            by_column.setdefault(column, []).append(number)
    names, parameters = Names(["self"]), []
    filling: list[Any] = [column[0] for column in columns]
    for column, numbers in by_column.items():
        slots = [slots_of_first[number] for number in numbers]
        parameter = names.new(parameter_name({str(slot.hint) for slot in slots}))
        defaults = {slot.default for slot in slots}
        default = slots[0].default if len(defaults) == 1 else None
        parameters.append(((parameter, kind_of(column), default), numbers[0]))
        for number in numbers:
            filling[number] = Variable(parameter)
    parameters.sort(key=lambda each: each[0][2] is not None)
    body = replace(instances[0].filled(iter(filling)), note="")
    return Made(name, tuple(each for each, _ in parameters), body), [first for _, first in parameters]


def declared(parameter: tuple[str, str, Any]) -> str:
    """Return a parameter as a constructor declares it."""
    name, kind, default = parameter
    return f"{name}: {kind}" if default is None else f"{name}: {kind} = {literal(default)}"


def parameter_name(hints: set[str]) -> str:
    """Return the name of a parameter that fills slots with these hints."""
    if "outputs" in hints or hints > {"inputs"}:
        return "filters" if hints & {"channels", "filters"} or {"inputs", "outputs"} <= hints else "outputs"
    return min(hints)


def kind_of(column: Sequence[Any]) -> str:
    """Return the type of a parameter with these values."""
    kinds = {type(value) for value in column}
    if kinds == {int}:
        return "int"
    if kinds <= {int, float}:
        return "float"
    longest = max(len(value) for value in column if isinstance(value, tuple))
    inner = f"tuple[{', '.join(['int'] * longest)}]"
    return inner if kinds == {tuple} else f"int | {inner}"
