"""Map files: which module of a foreign file a layer takes, as a person says it.

`{"conv1": "features.0", "conv2": ["features.3", "features.6"], "head": null}`: the module called features.0; one of
these two, as far as the rest tells; none, so that the layer starts anew.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.document.document import DocumentKind, read_document
from graphnn.errors import WeightsError
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.matching import Matching
from graphnn.importing.weights.modules import WEIGHT, Module
from graphnn.importing.weights.slots import Slot, taken
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import shape_text

MAP = DocumentKind("a map of modules", '"conv1": "features.0", …', "")


def read_map(path: Path, slots: Sequence[Slot], file: ForeignFile) -> dict[str, list[Module]]:
    """Return the modules that a map leaves to each layer that it names.

    Raises SpecError where it is not readable JSON, and WeightsError with all that it names wrongly: layers that are not
    in the network, modules that are not in the file, that do not fit, or that it gives to two layers.
    """
    values: Mapping[str, Any] = read_document(path, MAP).value
    by_slot = {slot.name: slot for slot in slots}
    by_module = {module.name: module for module in file.modules}
    problems, result, users = [], dict[str, list[Module]](), dict[str, str]()
    for name, said in values.items():
        slot = by_slot.get(name)
        if slot is None:
            problems.append(f"{path}: {quoted(name)} is no layer with parameters{meant(name, by_slot)}")
            continue
        names = said if isinstance(said, list) else [] if said is None else [said]
        for each in names:
            problem = entry_problem(slot, each, by_module)
            if problem is not None:
                problems.append(f"{path}: {quoted(name)}: {problem}")
        result[name] = [by_module[each] for each in names if isinstance(each, str) and each in by_module]
        if len(names) == 1 and isinstance(names[0], str):
            other = users.setdefault(names[0], name)
            if other != name:
                problems.append(f"{path}: {quoted(names[0])} is given to {quoted(other)} and to {quoted(name)}")
    if problems:
        raise WeightsError(*problems)
    return result


def entry_problem(slot: Slot, name: object, modules: Mapping[str, Module]) -> str | None:
    """Return why a slot cannot take the module of a name; None where it can."""
    if not isinstance(name, str):
        return f"{json.dumps(name)[:60]} is given, where the name of a module, a list of such, or null is needed"
    module = modules.get(name)
    if module is None:
        return f"the file has no module {quoted(name)}{meant(name, modules)}"
    if taken(slot, module) is None:
        return f"{quoted(name)} is {module_text(module)} in the file, but the layer is {slot_text(slot)}"
    return None


def meant(name: str, known: Mapping[str, object]) -> str:
    """Return a suggestion for a name that is not known."""
    return did_you_mean(name, known) or (f"; there are {', '.join(list(known)[:5])}" if known else "")


def module_text(module: Module) -> str:
    """Return a module in words: a convolution, 64×3×3×3."""
    return f"{module.kind.value} {shape_text(module.shape)}{'' if 'bias' in module.arrays else ' without bias'}"


def slot_text(slot: Slot) -> str:
    """Return a slot in words, as a module."""
    shape = slot.shapes.get(WEIGHT) or next(iter(slot.shapes.values()))
    return f"{slot.kind.value} {shape_text(shape)}{'' if 'bias' in slot.shapes else ' without bias'}"


def map_template(slots: Sequence[Slot], matching: Matching) -> str:
    """Return a map to fill in: the modules that are certain, lists of those to choose from, and null for new layers."""
    entries = []
    for slot in slots:
        if slot.name in matching.open:
            value = json.dumps([module.name for module in matching.open[slot.name]], ensure_ascii=False)
        else:
            module = matching.pairs.get(slot.name)
            value = json.dumps(None if module is None else module.name, ensure_ascii=False)
        entries.append(f"  {json.dumps(slot.name, ensure_ascii=False)}: {value}")
    return "{\n" + ",\n".join(entries) + "\n}\n"
