"""train on images that are changed at random."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_digits_are_trained_on_shifted_images(graphnn: Callable[..., Any], root: Path, tmp_path: Path) -> None:
    document = root / "models" / "digits.json"
    options = (document, "--set", "training.epochs=2", "--quiet", "--output", tmp_path / "w.npz")
    augment = ("--set", 'data.augment=[{"type":"RandomTranslate","pixels":1}]')
    views = ("--set", "evaluation.test_time_augmentation=flip_translate")
    found = []
    for threads in ("1", "2"):
        done = graphnn("train", *options, *augment, *views, "--threads", threads)
        assert done.returncode == 0
        assert '"flip_translate" mirrors images, and a mirror image of digits does not show' in done.stderr
        found.append((done.stdout, (tmp_path / "w.npz").read_bytes()))
    assert found[0] == found[1]
    names = ("loss", "accuracy", "macro F1", "top-5 accuracy")
    assert [line.partition(":")[0] for line in found[0][0].splitlines()] == [
        *(f"Final test {name}" for name in names),
        *(f"Final test {name} with flip_translate" for name in names),
    ]
    done = graphnn("train", *options, *augment, "--dry-run")
    assert done.returncode == 0
    assert "Nothing was written." in done.stdout
    done = graphnn("train", *options, "--set", 'data.augment=[{"type":"RandomTranslate","pixels":8}]')
    assert done.returncode == 2
    assert "images of 1×8×8 are too small to be shifted by 8 pixels" in done.stderr
