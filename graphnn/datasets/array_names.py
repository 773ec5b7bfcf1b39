"""Finds which array of a user's file may be meant where a key is missing: by meaning first, then by spelling."""

import re
from collections.abc import Sequence

from graphnn.text.suggestions import closest, did_you_mean

KINDS = {
    "x": ("x", "images", "image", "imgs", "img", "inputs", "input", "features", "feature", "samples", "data", "pixels"),
    "y": ("y", "labels", "label", "lbl", "targets", "target", "classes", "class", "outputs", "output", "answers"),
}
PARTS = {
    "train": ("training", "train", "trn", "tr", "fit"),
    "test": ("testing", "tests", "test", "tst", "te", "t10k", "validation", "valid", "val", "evaluation", "eval"),
}


def suggested(missing: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the words that suggest an array for each missing key, such as `did_you_mean` gives.

    missing: keys as x_train. names: of other arrays in the file. No array is suggested twice, nor one whose name says
    that it is something else; keys without a suggestion are left out.
    """
    free, found = list(names), dict[str, str]()
    for key in missing:
        meant = [name for name in free if meaning(name) == meaning(key)]
        if meant:
            found[key] = closest(key, meant) or meant[0]  # its meaning contradicts that of the other keys
    for key in missing:
        alike = closest(key, [name for name in free if not contradicts(meaning(name), meaning(key))])
        if key not in found and alike is not None:
            found[key] = alike
            free.remove(alike)
    return {key: did_you_mean(name, [name]) for key, name in found.items()}


def meaning(name: str) -> tuple[str | None, str | None]:
    """Return what the name of an array says: "x" or "y", and "train" or "test"; None where it says nothing."""
    letters = re.sub(r"[^a-z0-9]", "", name.casefold())
    for part, words in PARTS.items():
        for word in words:
            for rest in (letters.removeprefix(word), letters.removesuffix(word)):
                if rest != letters and (kind := kind_of(rest)):
                    return kind, part
    whole = next((part for part, words in PARTS.items() if letters in words), None)
    edge = next((letter for letter in (letters[:1], letters[-1:]) if letter in KINDS), None)  # of ytrian, trian_y
    return kind_of(letters) or edge, whole


def kind_of(word: str) -> str | None:
    """Return "x" or "y" for a word that means the samples or their answers, None for others."""
    return next((kind for kind, words in KINDS.items() if word in words), None)


def contradicts(one: tuple[str | None, str | None], other: tuple[str | None, str | None]) -> bool:
    """Return whether two meanings differ in what both of them say."""
    return any(a is not None and b is not None and a != b for a, b in zip(one, other, strict=True))
