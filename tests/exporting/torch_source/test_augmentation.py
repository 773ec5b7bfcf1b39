"""The file's augmentation gives the same images as graphnn's, as often."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_affine import RandomAffine
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.augmentation.transforms import AffineWarp
from graphnn.exporting.torch_source.augmentation import augment_source
from graphnn.types import Array

torch: Any = pytest.importorskip("torch")
SHAPE = (2, 5, 6)
DRAWN = 3000  # images


def augment(augmentations: Any, *given: Any) -> Array:
    """Return what the function of the file gives."""
    names: dict[str, Any] = {"torch": torch, "F": torch.nn.functional, "Tensor": torch.Tensor}
    exec("\n".join(augment_source(augmentations, SHAPE)), names)
    result: Array = names["augment"](*given).numpy()
    return result


def image() -> Array:
    return np.random.default_rng(0).integers(1, 256, SHAPE).astype(np.uint8)


def counted(images: Array, possible: Mapping[Any, Array]) -> dict[Any, int]:
    """Return how many of the images are each of the possible ones; all are one of them."""
    known = {each.astype(np.float32).tobytes(): key for key, each in possible.items()}
    assert len(known) == len(possible)
    counts = dict.fromkeys(possible, 0)
    for each in images.astype(np.float32):
        counts[known[np.ascontiguousarray(each).tobytes()]] += 1
    return counts


def check_uniform(counts: Mapping[Any, int]) -> None:
    """Assert that no count is further from the mean than five standard deviations."""
    share = 1 / len(counts)
    deviation = np.sqrt(DRAWN * share * (1 - share))
    assert max(abs(count - DRAWN * share) for count in counts.values()) < 5 * deviation, counts


def drawn(x: Array, *augmentations: Any, extra: tuple[Any, ...] = ()) -> Array:
    """Return many images made of one."""
    torch.manual_seed(0)
    return augment(augmentations, torch.from_numpy(np.repeat(x[None], DRAWN, axis=0)), *extra)


def test_flips() -> None:
    x = image()
    check_uniform(counted(drawn(x, RandomFlip()), {"as it is": x, "mirrored": x[:, :, ::-1]}))


def test_alternating_flips_are_those_that_are_given() -> None:
    x, mirrored = image(), torch.arange(DRAWN) % 2 == 1
    y = drawn(x, RandomFlip(mode="alternating"), extra=(mirrored,))
    assert (y[::2] == x).all()
    assert (y[1::2] == x[:, :, ::-1]).all()


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
def test_shifts(padding: str) -> None:
    x, p = image(), 2
    wide = np.pad(x, ((0, 0), (p, p), (p, p)), mode="reflect" if padding == "reflect" else "constant")
    possible = {(i, j): wide[:, i : i + 5, j : j + 6] for i in range(5) for j in range(5)}
    check_uniform(counted(drawn(x, RandomTranslate(pixels=p, padding=padding)), possible))


def test_squares_that_are_covered() -> None:
    x, size = image(), 3
    mean = np.array([0.25, 0.5], np.float32)[:, None, None]
    possible = {}
    for row in range(5):
        for column in range(6):
            covered = np.zeros((5, 6), bool)
            first, left = row - size // 2, column - size // 2
            covered[max(first, 0) : first + size, max(left, 0) : left + size] = True
            possible[row, column] = np.where(covered, mean, x)
    check_uniform(counted(drawn(x, Cutout(size=size), extra=(torch.from_numpy(mean),)), possible))


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
def test_rotations_zooms_and_shears(padding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same amounts, the same images; they are uniform in both libraries."""
    affine = RandomAffine(degrees=40, scale=0.3, shear=20, padding=padding)
    x = np.random.default_rng(1).uniform(0, 255, (30, *SHAPE)).astype(np.float32)
    uniform = np.random.default_rng(2).uniform(0, 1, (3, 30))
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.from_numpy(uniform.astype(np.float32)).view(*shape))
    y = augment([affine], torch.from_numpy(x))

    class Key:
        def generator(self) -> Any:
            return self

        def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Array:
            return low + (high - low) * uniform

    class Images:
        count = 30

    transform = affine.draw(Key(), Images())  # type: ignore[arg-type]
    assert isinstance(transform, AffineWarp)
    pixels = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    expected = transform.apply(pixels, np.arange(30)).transpose(0, 3, 1, 2)
    assert np.abs(y - expected).max() < 0.01


def test_all_in_a_row_keep_the_shape(tmp_path: Path) -> None:
    several = [RandomFlip(), RandomAffine(), RandomTranslate(pixels=1), Cutout(size=2)]
    y = augment(several, torch.zeros(7, *SHAPE, dtype=torch.uint8), torch.zeros(2, 1, 1))
    assert y.shape == (7, *SHAPE)
