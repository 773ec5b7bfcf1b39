"""Whether data are such as weights were trained on: their parts, class names, and the scale of their inputs.

Every command that brings data and weights together asks here.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnn.datasets.base import Dataset, facts_of
from graphnn.datasets.batches import split
from graphnn.datasets.digest import TEST, TRAINING, digest_of
from graphnn.datasets.limit import chosen, own_validation_left
from graphnn.datasets.precision import pieces
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance, range_of
from graphnn.errors import DataError
from graphnn.text.suggestions import quoted
from graphnn.types import Array

BYTE = 255
DEEP = 65535  # the largest value of images with 16 bits
FAR = 20  # between the largest inputs of two parts of the same kind
DARK = 16  # larger values are those of bytes, not of digits as they are published (0…16), or shares (0…1)
RARE = 0.05  # of the values of a column; fewer large ones are outliers, not another scale
FEWEST = 10  # images, which are not all nearly black


def part_indices(
    data: Dataset, trained: Provenance | None, part: str, *, name: str, fraction: float, seed: int
) -> Array:
    """Return the indices of the samples of "validation" or "train" in the training part of the whole data set.

    They are split as in the training of the weights. name: of the data set in the document. fraction, seed: of the
    document, for weights that say nothing. Raises DataError where the weights were trained on other data, or without
    such a part.
    """
    limit = None
    if trained is not None:
        if trained.dataset is None:
            raise DataError(
                "the weights do not say which samples they were trained on, as after Model.fit or in another library, "
                f"so that the {part} part of {data.name} is not known; measure the test part, or other data with "
                "Model.evaluate"
            )
        if trained.dataset != name or differs(trained, TRAINING, data):
            raise DataError(
                f"the weights were trained on other data: the training part of {data.name} is not theirs, so that its "
                f"{part} part has no meaning for them; measure the test part"
            )
        assert trained.validation_split is not None
        assert trained.seed is not None
        fraction, seed, limit = trained.validation_split, trained.seed, trained.limit
    if part == "validation" and not (fraction or data.own_validation):
        who = "the document says" if trained is None else "the weights were trained with"
        raise DataError(f"there is no validation part: {who} validation_split = 0")
    drawn = None if limit is None else chosen(data.y_train, limit, seed, "train")
    labels = data.y_train if drawn is None else data.y_train[drawn]
    own = own_validation_left(data, drawn)
    training, validation = split(labels, fraction, seed, stratified=data.stratified, own=own)
    indices = validation if part == "validation" else training
    return indices if drawn is None else drawn[indices]


def split_note(trained: Provenance | None, part: str, *, fraction: float, seed: int) -> str | None:
    """Return a sentence where the weights were trained with another split than the document's fraction and seed."""
    if trained is None or trained.dataset is None:
        return None
    if (trained.seed, trained.validation_split, trained.limit) == (seed, fraction, None):
        return None
    return f"the {part} part is that of the training of the weights: {words(trained)}"


def words(trained: Provenance) -> str:
    """Return how training data were split."""
    limit = "" if trained.limit is None else f", --limit {trained.limit}"
    return f"data.seed {trained.seed}, data.validation_split {trained.validation_split:g}{limit}"


def differs(trained: Provenance, part: str, data: Dataset) -> bool:
    """Return whether the digest of a part, TRAINING or TEST, is known and another one."""
    return part in trained.digests and trained.digests[part] != digest_of(data, part)


def test_note(data: Dataset, trained: Provenance | None) -> str | None:
    """Return a sentence where the test part is not that of the data the weights were trained on.

    Raises DataError where its inputs are of another scale.
    """
    if trained is None:
        return None
    problem = scale_problem(trained, data.x_test)
    if problem is not None:
        raise DataError(f"the test part of {data.name}: {problem}")
    if differs(trained, TEST, data):
        text = f"the test part of {data.name} is not that of the data that the weights were trained on"
        if data.test_drawn and trained.dataset is not None:
            text += ", and may hold samples that they were: it is drawn from all, of which some are others now"
        return f"{text}{far_text(trained.range, range_of(data.x_test))}"
    return None


def far_text(known: tuple[float, float] | None, found: tuple[float, float]) -> str:
    """Return the words about a range that is far larger or smaller than the known one of the training inputs."""
    if known is None:
        return ""
    reach, other = (max(map(abs, limits)) for limits in (known, found))
    if reach <= FAR * other and other <= FAR * reach:
        return ""
    return f"; its inputs lie in {range_text(found)}, those of the training in {range_text(known)}"


def class_names_note(trained: Sequence[str] | None, found: Sequence[str] | None, *, others: bool = False) -> str | None:
    """Return a sentence where either side only numbers its classes, so that names cannot be compared.

    trained, found: the names of the weights and of the data, in order; None where targets are numbers. Data may lack
    the last classes. others: whether the data may have other classes, as those of a further training; then they get a
    sentence too. Raises DataError where a label stands for another name.
    """
    if trained is None or found is None or tuple(found) == tuple(trained[: len(found)]):
        return None
    if numbered(trained) and numbered(found):
        return f"the labels go up to {len(found) - 1} in the data, but to {len(trained) - 1} in the weights"
    if numbered(trained) or numbered(found):
        return (
            f"the classes have {'numbers only' if numbered(found) else 'names'} in the data and "
            f"{'numbers only' if numbered(trained) else 'names'} in the weights; their order cannot be compared"
        )
    pairs = enumerate(zip(trained, found, strict=False))
    label = next((label for label, (one, other) in pairs if one != other), len(trained))
    problem = (
        f"label {label} is {found[label]} in the data, but "
        f"{trained[label] if label < len(trained) else 'no class'} in the weights"
    )
    if set(found) <= set(trained) and not (others and len(found) < len(trained)):
        order = [list(trained).index(name) for name in found]
        raise DataError(
            f"{problem}: the classes have another order; renumber the labels of the data: "
            f"y = np.array({order if len(order) <= BYTE else '[…]'})[y], and class_names = {list(trained[:20])}"
            f"{' …' if len(trained) > 20 else ''}"
        )
    if others:
        return problem
    raise DataError(f"{problem}: the classes are others")


def numbered(names: Sequence[str]) -> bool:
    """Return whether the names are 0, 1, 2, …, as for data that name no classes."""
    return tuple(names) == tuple(map(str, range(len(names))))


def start_differences(
    initial: Provenance | None,
    now: Provenance,
    *,
    normalisations: tuple[Normalisation | None, Normalisation],
    classes: tuple[Sequence[str] | None, Sequence[str] | None],
    validated: bool,
) -> list[str]:
    """Return sentences on how the data of a further training differ from those of its initial weights.

    normalisations, classes: of the initial weights and now. validated: whether there is a validation part. Other data
    may be meant. Raises DataError where the classes have another order, or the inputs another scale.
    """
    notes = [class_names_note(*classes, others=True), columns_note(initial, now)]
    before, after = normalisations
    if before is not None and before.mode != after.mode:
        notes.append(f'its inputs were normalised "{before.mode}", these are "{after.mode}"')
    seen = initial  # by the network
    if initial is not None and before is not None and before.mode != "none":
        seen = replace(initial, dtype=None, range=(0.0, 1.0) if before.mode == "unit" else None)
    if seen is not None and seen.range is not None and now.range is not None and after.mode == "none":
        problem = scale_text(seen, now.range, fractions=now.dtype is not None and now.dtype.startswith("float"))
        if problem is not None:
            raise DataError(problem)
    if validated and initial is not None and known_before(initial, now):
        notes.append(
            f"it was trained on the same data split otherwise ({words(initial)}), so that it may know samples of the "
            "validation part: the validation figures are too good"
        )
    if initial is not None and classes[0] == classes[1] and other_test_part(initial, now):
        notes.append(
            "its test part was drawn otherwise: if it was trained on some of the same samples, it may know those that "
            "are now held out for the test, and the figures are too good"
        )
    return list(filter(None, notes))


def columns_note(initial: Provenance | None, now: Provenance) -> str | None:
    """Return a sentence where the features of two tables have other names, or another order."""
    if initial is None or initial.table is None or now.table is None:
        return None
    pairs = enumerate(zip(initial.table.features, now.table.features, strict=False))
    return next(
        (
            f"feature {index} was {quoted(one)}, and is {quoted(other)} now; the weights take it for what it was"
            for index, (one, other) in pairs
            if one != other
        ),
        None,
    )


def other_test_part(initial: Provenance, now: Provenance) -> bool:
    """Return whether both test parts were drawn, and differ, so that one may hold training samples of the other."""
    if initial.dataset != now.dataset or not (initial.test_drawn and now.test_drawn):
        return False
    return initial.digests.get(TEST) != now.digests.get(TEST)


def known_before(initial: Provenance, now: Provenance) -> bool:
    """Return whether weights may have been trained on samples that the same data, split otherwise, now hold out."""
    if initial.dataset is None or initial.dataset != now.dataset:
        return False
    before, after = initial.digests.get(TRAINING), now.digests.get(TRAINING)
    if before != after and not (before is None and facts_of(initial.dataset) is not None):
        return False
    return (initial.seed, initial.validation_split, initial.limit) != (now.seed, now.validation_split, now.limit)


def scale_problem(trained: Provenance, x: Array) -> str | None:
    """Return a sentence where inputs lie in 0…1 though the training inputs were bytes 0…255, or the other way round.

    Nothing is said of a smaller range of whole numbers, or of zeros, which may be meant, unless ten images are of 0 and
    1 alone; nor of a few large values, which may be outliers. −1…1 counts as 0…1. Images with 16 bits are told from
    others, too.
    """
    if trained.range is None or not x.size:
        return None
    found = range_of(x)
    if x.ndim == 4 and trained.range[0] >= 0 and DEEP / 2 < trained.range[1] <= DEEP:
        shares = is_share(found) and has_fractions(x)
        return other_scale(trained.range, found) if shares or (len(x) >= FEWEST and found[1] <= BYTE) else None
    masks = x.dtype.kind == "b" or (x.ndim == 4 and len(x) >= FEWEST and trained.range[1] > BYTE / 2)
    fractions = is_share(found) and (masks or has_fractions(x))
    problem = scale_text(trained, found, fractions=fractions)
    if problem is not None and found[0] >= 0 and found[1] > 1 and share_above(x, trained.range[1]) <= RARE:
        return None
    return problem


def scale_text(trained: Provenance, found: tuple[float, float], *, fractions: bool) -> str | None:
    """Return the sentence of `scale_problem` for a range. fractions: whether some numbers are not whole.

    Inputs that were bytes as stored were never negative.
    """
    assert trained.range is not None
    low, high = trained.range
    to_share = is_bytes(trained.range, trained.dtype) and is_share(found) and fractions
    to_bytes = low >= -1 and 0 < high <= 1 and found[0] >= 0 and DARK < found[1] <= BYTE
    signed = trained.dtype == "uint8" and is_bytes(trained.range, "uint8") and found[0] < 0
    if not (to_share or to_bytes or signed):
        return None
    return other_scale(trained.range, found)


def other_scale(trained: tuple[float, float], found: tuple[float, float]) -> str:
    """Return the sentence that says that two ranges are of different scales."""
    return f"values lie in {range_text(found)}, those of the training inputs in {range_text(trained)}; scale them so"


def range_text(limits: tuple[float, float]) -> str:
    """Return a range in words: 0…255."""
    return "…".join(f"{value:g}" for value in limits)


def is_bytes(limits: tuple[float, float], dtype: str | None) -> bool:
    """Return whether a range is that of bytes: uint8 and more than a few, or in the upper half of 0…255."""
    least = DARK if dtype == "uint8" else BYTE / 2
    return limits[0] >= 0 and least < limits[1] <= BYTE


def is_share(limits: tuple[float, float]) -> bool:
    """Return whether a range lies in 0…1 or −1…1, and is not only 0."""
    return limits[0] >= -1 and limits[1] <= 1 and limits != (0, 0)


def has_fractions(x: Array) -> bool:
    """Return whether some numbers are not whole."""
    return x.dtype.kind == "f" and any(bool((np.rint(piece) != piece).any()) for piece in pieces(x))


def share_above(x: Array, limit: float) -> float:
    """Return the largest share of a column's values that are above a limit."""
    return float(sum((piece > limit).sum(axis=0) for piece in pieces(x)).max() / len(x))
