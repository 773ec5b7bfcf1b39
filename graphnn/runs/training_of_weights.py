"""What weights say of the training that they come from: its normalisation, and another document than this one."""

from typing import Any

from graphnn.datasets.base import concrete_mode, facts_of
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import UNKNOWN
from graphnn.errors import DataError, WeightsError
from graphnn.layers.settings import added_fragments
from graphnn.specification.differences import differences
from graphnn.specification.spec import Spec
from graphnn.specification.split_seed import both_older
from graphnn.storage.weights import WeightsFile
from graphnn.text.terminal import note

SHOWN_DIFFERENCES = 3


def normalisation_of(spec: Spec, file: WeightsFile) -> Normalisation:
    """Return the normalisation that the weights were trained with. Raises WeightsError where it is missing."""
    values = file.meta.get("normalisation")
    if values is not None:
        try:
            return Normalisation.from_json(values)
        except DataError as error:
            raise WeightsError(f"{file.path}: {error}") from error
    mode = spec.data["normalize"]
    if "normalisation" in file.meta:  # null: none was needed, unless the document beside it says otherwise
        known = file.meta.get("document")
        data = known.get("data") if isinstance(known, dict) else None
        mode = data.get("normalize", "none") if isinstance(data, dict) else "none"
    if mode != "none":
        raise WeightsError(
            f"{file.path}: holds no normalisation constants, but {'its' if 'normalisation' in file.meta else 'the'} "
            f'document says "normalize": "{mode}"; weights that train writes hold them'
        )
    facts = facts_of(spec.data["dataset"])
    return Normalisation("none", facts.shape if facts else spec.input_shape, (0.0,), (1.0,))


def note_differences(spec: Spec, file: WeightsFile) -> None:
    """Print a note on stderr where the weights were trained from another document than this one."""
    document = file.meta.get("document")
    if not isinstance(document, dict):
        return
    arrays = document.get("data", {}).get("path") == UNKNOWN  # arrays from Python, of no known data set
    ignore = {"data.dataset"} if arrays else set[str]()
    ignore |= {"data.seed"} if both_older(spec, document) else set()
    ignore |= {"data.normalize"} if same_normalisation(spec, file.meta.get("normalisation")) else set()
    found = differences(document, spec.resolved(), ignore=ignore, plugins=added_fragments())
    if found:
        more = len(found) - SHOWN_DIFFERENCES
        shown = [difference.text("there", "now") for difference in found[:SHOWN_DIFFERENCES]]
        shown += [f"and {more} more"] if more > 0 else []
        note(f"{file.path} was trained from another document: {'; '.join(shown)}")


def same_normalisation(spec: Spec, known: Any) -> bool:
    """Return whether a document normalises the samples of the weights as they were. known: the weights' constants."""
    return known is not None and concrete_mode(spec.data["normalize"], tuple(known["shape"])) == known["mode"]
