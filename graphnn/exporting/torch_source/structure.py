"""The network as modules in modules: blocks of a document as classes, what is repeated written once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.engine.plan import loss_takes_logits
from graphnn.exporting.branches import Branches, Step, steps_of
from graphnn.exporting.torch_source.classes import GROUP, named_classes
from graphnn.exporting.torch_source.expressions import Call, call
from graphnn.exporting.torch_source.identifiers import Names, class_name
from graphnn.exporting.torch_source.modules import HELPERS, converted, few_values
from graphnn.exporting.torch_source.state import PARAMETERS
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.specification.spec import Spec


@frozen_dataclass
class Structure:
    """The modules of a network. helpers: sources of the helper classes it needs. classes: sources of its own blocks.

    layers: the attributes of the network, in order, with their modules. prefixes: where the parameters of each node
    are in the state_dict, by the node's name.
    """

    helpers: list[list[str]]
    classes: list[list[str]]
    layers: list[tuple[str, Call]]
    prefixes: Mapping[str, str]


def structure(spec: Spec, graph: Graph, *, logits: bool) -> Structure:
    """Return the modules of a network. logits: whether the last layer is left to the loss."""
    nodes = Tree(block_names(spec.document.value), few_values(graph, spec.training["batch_size"]))
    steps = steps_of(graph)
    children = nodes.children(steps[:-1] if logits else steps, "", "", Names())
    top = call("top", **dict(children))
    top = shared_blocks(top)
    top, classes = named_classes(top)
    layers = [(str(each.keyword), each.value) for each in top.arguments]
    used = {
        inner.function.removesuffix(GROUP)
        for each in (top, *(made.body for made in classes))
        for inner in each.inside()
    }
    helpers = [source.split("\n") for name, source in HELPERS.items() if name in used]
    return Structure(helpers, [made.lines() for made in classes], layers, nodes.prefixes)


def state_names(spec: Spec, graph: Graph) -> dict[str, str]:
    """Return the name of each parameter in the state_dict, by 'node/parameter'."""
    prefixes = structure(spec, graph, logits=loss_takes_logits(graph)).prefixes
    names = (f"{node.name}/{parameter.name}" for node in graph.nodes for parameter in node.parameters)
    return {name: state_name(name, prefixes) for name in names}


def state_name(name: str, prefixes: Mapping[str, str]) -> str:
    """Return the name in the state_dict of 'node/parameter'."""
    node, parameter = name.rsplit("/", 1)
    return f"{prefixes[node]}.{PARAMETERS[parameter]}"


def block_names(document: Any) -> dict[str, str]:
    """Return the name of the block that each layer uses, by the layer's name, from the values of a document."""
    found: dict[str, str] = {}
    blocks = document.get("blocks", {})

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("type") in blocks and isinstance(value.get("name"), str):
                found[value["name"]] = value["type"]
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(document)
    return found


class Tree:
    """Makes calls of modules from nodes; `prefixes` receives the place of each node's parameters."""

    def __init__(self, blocks: Mapping[str, str], biased: bool) -> None:
        self._blocks, self._biased = blocks, biased
        self.prefixes: dict[str, str] = {}

    def children(self, steps: Sequence[Step], prefix: str, path: str, names: Names) -> list[tuple[str, Call]]:
        """Return the modules of steps by their attributes. prefix: of the nodes' names; path: in the state_dict."""
        made: list[tuple[str, Call]] = []
        for head, members, inside in grouped(steps, prefix):
            if inside:
                name = names.new(head)
                made.append((name, self.group(members, f"{prefix}{head}.", f"{path}{name}.")))
            elif isinstance(members[0], Branches):
                name = names.new(head)
                made.append((name, self.residual(members[0], prefix, f"{path}{name}.")))
            else:
                for suffix, module in converted(members[0], self._biased):
                    name = names.new(f"{head}{suffix}")
                    self.prefixes[members[0].name] = f"{path}{name}"
                    made.append((name, module))
        return made

    def listed(self, steps: Sequence[Step], prefix: str, path: str) -> Call:
        """Return an nn.Sequential of steps by position."""
        made: list[Call] = []
        for head, members, inside in grouped(steps, prefix):
            here = f"{path}{len(made)}"
            if inside:
                made.append(self.group(members, f"{prefix}{head}.", f"{here}."))
            elif isinstance(members[0], Branches):
                made.append(self.residual(members[0], prefix, f"{here}."))
            else:
                for _, module in converted(members[0], self._biased):
                    self.prefixes[members[0].name] = f"{path}{len(made)}"
                    made.append(module)
        return call("nn.Sequential", *made)

    def group(self, steps: Sequence[Step], prefix: str, path: str) -> Call:
        """Return the module of the steps with a common prefix: numbered ones by position, others by name."""
        heads = [head for head, _, inside in grouped(steps, prefix) if inside]
        if len(heads) == len(grouped(steps, prefix)) and all(head.isdigit() for head in heads):
            return self.listed(steps, prefix, path)
        children = self.children(steps, prefix, path, Names())
        return replace(call(GROUP, **dict(children)), note=class_name(self.block_name(prefix.rstrip("."))))

    def residual(self, block: Branches, prefix: str, path: str) -> Call:
        """Return the module of a block with its two branches."""
        body = self.listed(block.body, prefix, f"{path}body.")
        shortcut = self.listed(block.shortcut, prefix, f"{path}shortcut.")
        others = {"shortcut": shortcut} if shortcut.arguments else {}
        name = block.name.removeprefix(prefix)
        return replace(
            call("Residual", *(each.value for each in body.arguments), **others),
            note=class_name(name.rstrip("0123456789_") or name),
        )

    def block_name(self, group: str) -> str:
        """Return the name of the document's block behind a group, such as basic for stage1.2; else the group's own."""
        parts = group.split(".")
        for known in (parts, parts[:-1] if parts[-1].isdigit() else []):
            for start in range(len(known)):
                found = self._blocks.get(".".join(known[start:]))
                if found is not None:
                    return found
        words = [part for part in parts if not part.isdigit()]
        return (words[-1].rstrip("0123456789_") or words[-1]) if words else "block"


def grouped(steps: Sequence[Step], prefix: str) -> list[tuple[str, list[Any], bool]]:
    """Return (name, steps, whether they are inside a group of that name), the prefix taken away.

    A step of another group, as may stand in a block that has a name of its own, is in none here.
    """
    found: list[tuple[str, list[Any], bool]] = []
    for step in steps:
        other = not step.name.startswith(prefix)
        head, dot, _ = (step.name, "", "") if other else step.name.removeprefix(prefix).partition(".")
        if dot and found and found[-1][2] and found[-1][0] == head:
            found[-1][1].append(step)
        else:
            found.append((head, [step], bool(dot)))
    return found


def shared_blocks(top: Call) -> Call:
    """Return the network with residual blocks that occur more than once outside of classes as classes of their own."""
    outside = list(outside_groups(top))
    counts: dict[Any, int] = defaultdict(int)
    for block in outside:
        counts[block.skeleton] += 1
    repeated = [block for block in outside if counts[block.skeleton] > 1]

    def change(inner: Call) -> Call:
        return replace(inner, function="Residual{group}") if any(inner is one for one in repeated) else inner

    def walk(inner: Call) -> Call:
        changed = change(inner)
        if inner.function == GROUP:
            return changed
        arguments = tuple(
            replace(each, value=walk(each.value)) if isinstance(each.value, Call) else each
            for each in changed.arguments
        )
        return replace(changed, arguments=arguments)

    return walk(top)


def outside_groups(module: Call) -> Iterator[Call]:
    """Yield the residual blocks that are in no class and in no other block."""
    for argument in module.arguments:
        inner = argument.value
        if not isinstance(inner, Call) or inner.function == GROUP:
            continue
        if inner.function == "Residual":
            yield inner
        else:
            yield from outside_groups(inner)
