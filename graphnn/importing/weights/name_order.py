"""What the names of modules say of their order: numbers count, and the modules of one container stand together."""

import re
from collections.abc import Iterable, Iterator, Sequence

from graphnn.importing.weights.modules import Module, ModuleKind

NUMBERS = re.compile(r"\d+x\d+|\d+d(?![a-z])|\d+", re.IGNORECASE)  # 3x3 and 2d are no numbers that count
SHORTCUTS = re.compile(r"downsample|shortcut|skip", re.IGNORECASE)
BELONGING = re.compile(r"bn|norm|relu|act|ln", re.IGNORECASE)  # to a convolution or linear module of its number
WEIGHTED = (ModuleKind.CONVOLUTION, ModuleKind.LINEAR)
Token = str | int
Name = tuple[tuple[Token, ...], ...]  # its components, each of texts and numbers


def tokens(name: str) -> Name:
    """Return a name as components of texts and numbers: layer1.0.conv2 as ((layer, 1), (0,), (conv, 2))."""
    return tuple(component_tokens(component) for component in re.split(r"[./]", name))


def component_tokens(component: str) -> tuple[Token, ...]:
    """Return the texts and numbers of one component of a name."""
    result: list[Token] = []
    text, end = "", 0
    for found in NUMBERS.finditer(component):
        text += component[end : found.start()]
        end = found.end()
        if not found[0].isdecimal():
            text += found[0]
            continue
        result += [*([text] if text else []), int(found[0])]
        text = ""
    text += component[end:]
    return (*result, *([text] if text else []))


def numbered_before(one: Name, other: Name) -> bool:
    """Whether a number says that a module comes before another one: the first difference of their names is one.

    A name without a number comes before the same with one, as in Keras: conv2d, conv2d_1.
    """
    for mine, theirs in zip(one, other, strict=False):
        if mine == theirs:
            continue
        if len(mine) == 1 and len(theirs) == 2 and theirs[0] == f"{mine[0]}_":
            return True
        for a, b in zip(mine, theirs, strict=False):
            if a != b:
                return isinstance(a, int) and isinstance(b, int) and a < b
        return False
    return False


def is_of_shortcut(module: Module) -> bool:
    """Whether the name of a module says that it lies in the shortcut of a residual block."""
    return SHORTCUTS.search(module.name) is not None


def precedence(modules: Sequence[Module]) -> list[int]:
    """Return for each module the set of those that its number says to come before it, as bits."""
    names = [tokens(module.name) for module in modules]
    result = [0] * len(modules)
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            if numbered_before(one, other):
                result[j] |= 1 << i
    return result


def together(modules: Sequence[Module]) -> list[int]:
    """Return the sets of modules, as bits, that are computed in one go.

    They are those in one container, as layer1.0, and a convolution or linear module with what has its number and
    belongs to it: conv2, bn2 and prelu2. A container of modules of one kind, or of numbered containers, may be a list
    of which others are computed in between, as convs.0, bns.0, convs.1, and is no such set.
    """
    inside: dict[Name, list[int]] = {}
    names = [tokens(module.name) for module in modules]
    for i, name in enumerate(names):
        for container in containers(name):
            inside.setdefault(container, []).append(i)
    for i, name in enumerate(names):
        if name in inside:  # conv1 beside conv1.bn
            inside[name].append(i)
    sets = [
        sum(1 << i for i in found)
        for container, found in inside.items()
        if len({modules[i].kind for i in found}) > 1 and not is_list(container, [names[i] for i in found])
    ]
    return sorted({*sets, *numbered_alike(modules, names)})


def is_list(container: Name, names: Iterable[Name]) -> bool:
    """Whether a container may be a list of others, whose names are numbers: blocks, of blocks.0.conv1."""
    depth = len(container)
    below = [name[depth:] for name in names if name[:depth] == container]
    return any(len(name) > 1 and isinstance(name[0][0], int) for name in below)


def containers(name: Name) -> Iterator[Name]:
    """Yield the containers that a name says its module to be in: stage1 and stage1.0 of stage1.0.conv2."""
    for depth, component in enumerate(name):
        for end in range(1, len(component)):
            if isinstance(component[end - 1], int):
                yield (*name[:depth], component[:end])
        if depth + 1 < len(name):
            yield name[: depth + 1]


def numbered_alike(modules: Sequence[Module], names: Sequence[Name]) -> list[int]:
    """Return the sets, as bits, of one weighted module with what its container has of its number: conv2 and bn2."""
    alike: dict[object, list[int]] = {}
    for i, name in enumerate(names):
        last = name[-1]
        if len(last) == 2 and isinstance(last[1], int):
            alike.setdefault((name[:-1], last[1]), []).append(i)
    result = []
    for numbers in alike.values():
        mates = [i for i in numbers if modules[i].kind not in WEIGHTED and BELONGING.search(str(names[i][-1][0]))]
        if mates and len(numbers) == len(mates) + 1:
            result.append(sum(1 << i for i in numbers))
    return result
