"""First values of weights, which a new training begins with."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphnn.exporting.torch_source.expressions import literal
from graphnn.graph.graph import Node
from graphnn.initializers.base import FromImages

KINDS = {"Conv2D": "nn.Conv2d", "Dense": "nn.Linear"}  # the layers with weights
Fill = Callable[[Any, str, str], str | None]  # (initializer, tensor, module) -> a line; None: it is so already

MATRIX = "nn.Linear"


def filled_by(function: str, **settings: str) -> Fill:
    """Return a function that gives the call of one of torch.nn.init. settings: the initializer's, by argument."""

    def line(initializer: Any, tensor: str, kind: str) -> str:
        given = [f", {name}={literal(getattr(initializer, setting))}" for name, setting in settings.items()]
        return f"nn.init.{function}({tensor}{''.join(given)})"

    return line


def identity(initializer: Any, tensor: str, kind: str) -> str:
    """Return the line that makes the first outputs the inputs; PyTorch's own first values are those of the others."""
    owner = tensor.removesuffix(".weight")
    if kind == MATRIX:
        return f"nn.init.eye_({tensor}.data[: {owner}.in_features])"
    return f"nn.init.dirac_({tensor}.data[: {owner}.in_channels])"


INITIAL: dict[str, Fill] = {
    "he_normal": filled_by("kaiming_normal_"),
    "he_uniform": filled_by("kaiming_uniform_"),
    "glorot_normal": filled_by("xavier_normal_"),
    "glorot_uniform": filled_by("xavier_uniform_"),
    "normal": filled_by("normal_", std="deviation"),
    "constant": filled_by("constant_", val="value"),
    "identity": identity,
    "patch_whitening": lambda initializer, tensor, kind: None,  # its values are in the weights file
}


def accessor(path: str) -> str:
    """Return the Python expression of a place in the state_dict, after a dot: stage1[0].conv for stage1.0.conv."""
    first, *rest = path.split(".")
    return first + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in rest)


def initial_lines(nodes: Sequence[Node], prefixes: Mapping[str, str]) -> list[str]:
    """Return the lines at the end of the network's constructor that set the first weights and biases."""
    weighted = [node for node in nodes if node.layer.type in KINDS]
    values = {node.name: one(node) for node in weighted}
    counted = Counter((value, KINDS[node.layer.type]) for node in weighted if (value := values[node.name]))
    general = general_values(counted)
    covered = {KINDS[node.layer.type] for node in weighted} == {kind for kinds in general.values() for kind in kinds}
    together = covered and len(general) == 1 and all(is_biased(node) for node in weighted)
    lines: list[str] = []
    for value, kinds in general.items():
        named = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
        lines += ["for layer in self.modules():", f"    if isinstance(layer, {named}):", f"        {value}"]
        lines += ["        nn.init.zeros_(layer.bias)"] * together
    for node in weighted:
        value, kind = values[node.name], KINDS[node.layer.type]
        if value is not None and kind not in general.get(value, ()):
            lines.append(value.replace("layer.", f"self.{accessor(prefixes[node.name])}."))
    return lines if together else lines + bias_lines(weighted, prefixes)


def is_biased(node: Node) -> bool:
    """Whether a node has biases."""
    return any(each.name == "biases" for each in node.parameters)


def one(node: Node) -> str | None:
    """Return the line that sets the weights of a `layer`; None where it needs none."""
    initializer = node.parameters[0].initializer
    kind = getattr(initializer, "type", "")
    return INITIAL[kind](initializer, "layer.weight", KINDS[node.layer.type])


def general_values(counted: Counter[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what most layers of a kind get, where these are several, with the kinds."""
    general: dict[str, list[str]] = {}
    most = {
        kind: max((count, value) for (value, each), count in counted.items() if each == kind)
        for kind in KINDS.values()
        if any(each == kind for _, each in counted)
    }
    values = [value for _, value in most.values()]
    for kind, (count, value) in most.items():
        if count > 1 or values.count(value) > 1:
            general.setdefault(value, []).append(kind)
    return general


def bias_lines(weighted: Sequence[Node], prefixes: Mapping[str, str]) -> list[str]:
    """Return the lines that set biases to 0."""
    biased = [node for node in weighted if is_biased(node)]
    if len(biased) <= 2:
        return [f"nn.init.zeros_(self.{accessor(prefixes[node.name])}.bias)" for node in biased]
    some = "" if len(biased) == len(weighted) else " and layer.bias is not None"
    kinds = sorted({KINDS[node.layer.type] for node in biased})
    named = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
    return [
        "for layer in self.modules():",
        f"    if isinstance(layer, {named}){some}:",
        "        nn.init.zeros_(layer.bias)",
    ]


def frozen_lines(nodes: Sequence[Node], prefixes: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
    """Return the lines that fix the parameters which are not trained. names: of parameters in PyTorch."""
    lines = []
    for node in nodes:
        tensors = [each for each in node.parameters if each.name in names and not each.name.startswith("running")]
        fixed = [each for each in tensors if not each.trainable]
        place = f"self.{accessor(prefixes[node.name])}" if fixed else ""
        if fixed and len(fixed) == len(tensors):
            lines.append(f"{place}.requires_grad_(False)")
        else:
            lines += [f"{place}.{names[each.name]}.requires_grad_(False)" for each in fixed]
    return lines


def from_images(nodes: Sequence[Node], prefixes: Mapping[str, str]) -> list[str]:
    """Return the places of weights whose first values come from training images."""
    return [
        f"{prefixes[node.name]}.weight"
        for node in nodes
        for each in node.parameters
        if isinstance(each.initializer, FromImages)
    ]
