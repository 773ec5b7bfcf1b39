"""What is said of a matching: what each layer takes from where, what is not used, what starts anew, what is open."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from graphnn.graph.graph import Graph
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.matching import Matching
from graphnn.importing.weights.modules import BIAS, WEIGHT, Module, ModuleKind
from graphnn.importing.weights.slots import Slot, near_misses
from graphnn.layers.base import Layer
from graphnn.layers.dropout import Dropout
from graphnn.layers.scale import Scale
from graphnn.text.suggestions import quoted
from graphnn.types import shape_text

LONG = 100  # characters of a name
SHOWN = 4  # lines of each kind, unless all are asked for
ROUNDED = 1e-3  # by which a factor may differ that a person has written
CHOICES = 4  # modules that a layer may be, in a message
FOLDED = (
    "has no batch normalisation: exporting has folded it into the layers before; save the state_dict, or export with "
    "torch.onnx.export(…, dynamo=True, optimize=False)"
)


def report_lines(slots: Sequence[Slot], file: ForeignFile, matching: Matching, *, whole: bool) -> Iterator[str]:
    """Yield lines on a matching, without the name of the file. whole: on each layer, or on the first ones only."""
    rules = ", then ".join(rule.value for rule in matching.rules)
    count, there = len(matching.pairs), count_text(len(file.modules), "module")
    which = f"its {there}" if count == len(file.modules) else f"{count} of its {there}"
    yield f"{file.kind}; {which} taken, by {rules}"
    by_name = {slot.name: slot for slot in slots}
    taken = [taken_text(by_name[name], module) for name, module in matching.pairs.items()]
    yield from first(taken, whole=whole)
    yield from first(unused_texts(file, matching), whole=whole)
    yield from first(anew_texts(matching), whole=whole)
    yield from first(list(near_misses(matching.anew, matching.unused)), whole=whole)


def taken_text(slot: Slot, module: Module) -> str:
    """Return what a slot takes from a module: conv1 ← features.0: weights 64×3×3×3, biases 64."""
    parts = [
        f"{key.rpartition('/')[2]} {shape_text(slot.shapes[part])}"
        + ("" if part in module.arrays else f" of {1 if part == WEIGHT else 0}, which the file lacks")
        for part, key in slot.keys.items()
    ]
    return f"{slot.name} ← {name_text(module)}: {', '.join(parts)}"


def name_text(module: Module) -> str:
    """Return the name of a module as it is shown."""
    return f"{module.name:.{LONG}}" or "the top of the file"


def unused_texts(file: ForeignFile, matching: Matching) -> list[str]:
    """Return a sentence for each module, and each other array, of the file that is not used."""
    modules = [
        f"{quoted(name)}, {shape_text(module.arrays[part].shape)}, is in the file, not used"
        for module in matching.unused
        for part, name in module.sources.items()
    ]
    return [*modules, *(f"{quoted(name)} is in the file, not used" for name in file.others)]


def anew_texts(matching: Matching) -> list[str]:
    """Return a sentence for each parameter of a slot that starts anew."""
    return [
        f"{quoted(slot.keys[part])}, {shape_text(shape)}, is in the network, not in the file"
        for slot in matching.anew
        for part, shape in slot.shapes.items()
    ]


def first(lines: Sequence[str], *, whole: bool) -> Iterator[str]:
    """Yield all lines, or the first few and how many there are besides."""
    shown = len(lines) if whole or len(lines) <= SHOWN + 1 else SHOWN
    yield from lines[:shown]
    if shown < len(lines):
        yield f"… and {len(lines) - shown} more such lines"


def open_text(file: ForeignFile, matching: Matching, advice: str) -> str:
    """Return why not all is certain, which modules the layers may be, and as the last line an advice."""
    lines = [f"{file.path}: it is not certain which of its modules is which layer: {matching.reason}"]
    for name, modules in list(matching.open.items())[:SHOWN]:
        listed = [quoted(module.name) for module in modules[:CHOICES]] + ["…"] * (len(modules) > CHOICES)
        lines.append(f"  {name}: {' or '.join(listed)}")
    if len(matching.open) > SHOWN:
        lines.append(f"  … and {len(matching.open) - SHOWN} more layers")
    return "\n".join([*lines, advice])


def count_text(count: int, what: str) -> str:
    """Return a number of things: 1 module, 2 modules."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def epsilon_notes(slots: Iterable[Slot], file: ForeignFile, matching: Matching) -> Iterator[str]:
    """Yield sentences on normalisations whose epsilon is another in the file, or is not in it and may be another."""
    said, unsaid = list[tuple[Slot, float]](), list[tuple[Slot, float]]()
    for slot in slots:
        module = matching.pairs.get(slot.name)
        if module is None or slot.epsilon is None:
            continue
        known = module.epsilon if module.epsilon is not None else file.epsilon
        if known is not None and abs(known - slot.epsilon) > 1e-3 * slot.epsilon:
            (unsaid if module.epsilon is None else said).append((slot, known))
    if said:
        slot, known = said[0]
        others = f", and {len(said) - 1} more differ" if len(said) > 1 else ""
        yield (
            f'the epsilon of "{slot.name}" is {slot.epsilon:g} here and {known:g} in the file{others}: '
            f'write "epsilon": {known:g}'
        )
    if unsaid:
        slot, known = unsaid[0]
        others = f" and of {len(unsaid) - 1} more" if len(unsaid) > 1 else ""
        yield (
            f'the epsilon of "{slot.name}"{others} is {slot.epsilon:g} here; the file does not say it, and where it '
            f'was made it is {known:g} by default: write "epsilon": {known:g} unless it was set'
        )


def dropout_notes(graph: Graph, file: ForeignFile) -> Iterator[str]:
    """Yield a sentence on Dropout, which other libraries undo in training, where no Scale after it does that here."""
    if file.own:
        return
    after = {node.index: following.layer for node, following in pairwise(graph.nodes)}
    rates = {
        node.name: node.layer.rate
        for node in graph.nodes
        if isinstance(node.layer, Dropout) and not is_undone(node.layer.rate, after.get(node.index))
    }
    for name, rate in list(rates.items())[:1]:
        others = "" if len(rates) == 1 else f", and one after each of {count_text(len(rates) - 1, 'other')}"
        yield (
            "Dropout here multiplies by 1 − rate in inference, where other libraries divide by it in training: if "
            f"{quoted(name)} was in the training of these weights, write "
            f'{{"type": "Scale", "factor": {1 / (1 - rate):.7g}}} after it{others}'
        )


def is_undone(rate: float, layer: Layer | None) -> bool:
    """Whether the layer after a Dropout divides by what that multiplies by in inference."""
    return rate == 0 or (isinstance(layer, Scale) and abs(layer.factor * (1 - rate) - 1) < ROUNDED)


def is_folded(file: ForeignFile, matching: Matching) -> bool:
    """Whether batch normalisations of the network are missing, and their values are probably in other modules."""
    missing = any(slot.kind is ModuleKind.BATCH_NORM for slot in matching.anew)
    return (
        missing
        and not any(module.kind is ModuleKind.BATCH_NORM for module in file.modules)
        and any(BIAS in module.arrays and module.kind is ModuleKind.CONVOLUTION for module in matching.unused)
    )
