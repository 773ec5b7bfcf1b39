"""Random changes to a batch of images, as lines of the function `augment`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from graphnn.augmentation.base import Augmentation
from graphnn.types import Shape


def flip(each: Any, shape: Shape) -> list[str]:
    """Return the lines that mirror images left to right."""
    if each.mode == "alternating":
        return ["x = torch.where(mirrored[:, None, None, None], x.flip(3), x)"]
    return ["x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)"]


def translate(each: Any, shape: Shape) -> list[str]:
    """Return the lines that shift images by whole pixels."""
    channels, height, width = shape
    p, shifts = each.pixels, 2 * each.pixels + 1
    mode = ', "reflect"' if each.padding == "reflect" else ""
    return [
        "image = torch.arange(len(x)).view(-1, 1, 1, 1)",
        f"channel = torch.arange({channels}).view(-1, 1, 1)",
        f"row = torch.randint({shifts}, (len(x), 1, 1, 1)) + torch.arange({height}).view(-1, 1)",
        f"column = torch.randint({shifts}, (len(x), 1, 1, 1)) + torch.arange({width})",
        f"x = F.pad(x.float(), ({p}, {p}, {p}, {p}){mode})[image, channel, row, column]",
    ]


def affine(each: Any, shape: Shape) -> list[str]:
    """Return the lines that rotate, zoom and shear images about their centre."""
    _, height, width = shape
    turn, lean = (f"{math.radians(degrees):.9g}" for degrees in (each.degrees, each.shear))
    wide, high = max(width - 1, 1), max(height - 1, 1)
    across = "" if wide == high else f" * {high / wide:.9g}"
    down = "" if wide == high else f" * {wide / high:.9g}"
    mode = "reflection" if each.padding == "reflect" else "zeros"
    return [
        f"most = torch.tensor([[{turn}], [{each.scale}], [{lean}]])",
        "angle, zoom, shear = most * (2 * torch.rand(3, len(x)) - 1)",
        "sin, cos, tan, zero = angle.sin(), angle.cos(), shear.tan(), 0 * angle",
        f"to = [cos + tan * sin, (sin - tan * cos){across}, zero, -sin{down}, cos, zero]",
        "source = (torch.stack(to) / (1 + zoom)).view(2, 3, -1).permute(2, 0, 1)",
        "grid = F.affine_grid(source, list(x.shape), align_corners=True)",
        f'x = F.grid_sample(x.float(), grid, padding_mode="{mode}", align_corners=True)',
    ]


def cutout(each: Any, shape: Shape) -> list[str]:
    """Return the lines that cover a square with the mean of the images."""
    _, height, width = shape
    before = each.size // 2
    return [
        f"row = torch.arange({height}).view(-1, 1) - torch.randint({height}, (len(x), 1, 1, 1)) + {before}",
        f"column = torch.arange({width}) - torch.randint({width}, (len(x), 1, 1, 1)) + {before}",
        f"covered = (row >= 0) & (row < {each.size}) & (column >= 0) & (column < {each.size})",
        "x = torch.where(covered, mean, x)",
    ]


AUGMENTING: dict[str, Callable[[Any, Shape], list[str]]] = {
    "RandomFlip": flip,
    "RandomTranslate": translate,
    "RandomAffine": affine,
    "Cutout": cutout,
}


def augment_source(augmentations: Sequence[Augmentation], shape: Shape, name: str = "augment") -> list[str]:
    """Return the function that changes images of this shape, C×H×W."""
    given = "".join(f", {each}: Tensor" for each in extra_inputs(augmentations))
    body = [line for each in augmentations for line in AUGMENTING[each.type](each, shape)]
    if body[-1].startswith("x = "):
        body[-1] = f"return {body[-1][4:]}"
    lines = [f"def {name}(x: Tensor{given}) -> Tensor:", '    """Changes a batch of images at random."""']
    return lines + [f"    {line}" for line in body]


def extra_inputs(augmentations: Sequence[Augmentation]) -> list[str]:
    """Return what `augment` takes beside the images."""
    found = []
    if any(getattr(each, "mode", None) == "alternating" for each in augmentations):
        found.append("mirrored")
    if any(each.type == "Cutout" for each in augmentations):
        found.append("mean")
    return found
