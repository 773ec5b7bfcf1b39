"""Notes about blocks and defaults of a document that no layer makes use of."""

from collections.abc import Iterator

from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Spec
from graphnn.text.suggestions import quoted


def short_form_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note for each block that no layer uses, and each default that every layer of its type writes itself."""
    values, origins = spec.document.value, spec.document.origins.values()
    paths = (path for origin in origins for path in (origin.written, *(step.path for step in origin.steps)))
    used = {path[1] for path in paths if path[0] == "blocks"}
    for name in values.get("blocks", {}):
        if name not in used:
            yield Finding(("blocks", name), f"no layer uses the block {quoted(name)}; leave it out", key=True)
    filled = {path[:3] for origin in origins for path in origin.elsewhere.values() if path[0] == "defaults"}
    for type_, settings in values.get("defaults", {}).items():
        for key in settings if type_ != "description" else ():
            if ("defaults", type_, key) not in filled:
                yield Finding(("defaults", type_, key), f"changes nothing: no {type_} leaves {key} out", key=True)
