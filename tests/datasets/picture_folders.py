"""Folders of small pictures, for the tests of those.

Test modules read this file with runpy, because they cannot import each other.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def make(root: Path, counts: Mapping[str, int], *, size: int = 6, seed: int = 0) -> Path:
    """Put so many PNG pictures into each folder below root, and return root.

    Each folder's pictures have a colour of their own, so that a network learns to tell them apart.
    """
    rng = np.random.default_rng(seed)
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        base = rng.integers(40, 216, 3)
        for number in range(count):
            pixels = np.clip(base + rng.integers(-40, 40, (size, size, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{number:03}.png")
    return root
