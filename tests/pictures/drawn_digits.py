"""Digits drawn with strokes and set in type, on paper as in photographs, for the tests of predict."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from graphnn.types import Array

Point = tuple[float, float]
Stroke = list[Point]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Return points of an ellipse from one angle to another, in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 24))
    return list(zip((x + rx * np.cos(angles)).tolist(), (y + ry * np.sin(angles)).tolist(), strict=True))


# As one writes them, in a box of width 0.6 and height 1, two ways for each; y goes down.
STROKES: dict[int, list[list[Stroke]]] = {
    0: [[arc(0.3, 0.5, 0.28, 0.5, -90, 270)], [arc(0.3, 0.5, 0.2, 0.5, -70, 290)]],
    1: [[[(0.3, 0.0), (0.3, 1.0)]], [[(0.1, 0.25), (0.35, 0.0), (0.32, 1.0)]]],
    2: [
        [[*arc(0.3, 0.27, 0.27, 0.27, -165, 35), (0.02, 1.0), (0.6, 0.98)]],
        [[*arc(0.28, 0.25, 0.25, 0.25, -150, 60), (0.05, 0.97), (0.25, 0.9), (0.58, 1.0)]],
    ],
    3: [
        [[*arc(0.26, 0.25, 0.27, 0.25, -150, 90), *arc(0.26, 0.75, 0.3, 0.25, -90, 150)]],
        [[(0.05, 0.0), (0.52, 0.02), (0.25, 0.4), *arc(0.24, 0.7, 0.3, 0.3, -80, 150)]],
    ],
    4: [
        [[(0.35, 0.0), (0.0, 0.62), (0.6, 0.62)], [(0.43, 0.35), (0.43, 1.0)]],
        [[(0.08, 0.0), (0.05, 0.5), (0.58, 0.47)], [(0.52, 0.02), (0.48, 1.0)]],
    ],
    5: [
        [[(0.1, 0.02), (0.08, 0.43), *arc(0.25, 0.69, 0.31, 0.3, -110, 145)], [(0.1, 0.02), (0.55, 0.0)]],
        [[(0.56, 0.03), (0.15, 0.0), (0.1, 0.45), *arc(0.22, 0.7, 0.33, 0.3, -90, 130)]],
    ],
    6: [
        [[(0.45, 0.0), (0.2, 0.25), (0.05, 0.6), *arc(0.29, 0.72, 0.26, 0.28, 180, -180)]],
        [[(0.5, 0.03), (0.25, 0.15), (0.06, 0.5), (0.03, 0.75), *arc(0.28, 0.76, 0.25, 0.24, 170, -170)]],
    ],
    7: [
        [[(0.0, 0.02), (0.58, 0.0), (0.2, 1.0)]],
        [[(0.02, 0.1), (0.04, 0.02), (0.58, 0.04), (0.3, 0.55), (0.25, 1.0)]],
    ],
    8: [
        [[*arc(0.3, 0.25, 0.22, 0.24, 90, 450)], [*arc(0.3, 0.74, 0.27, 0.26, -90, 270)]],
        [
            [(0.52, 0.12), *arc(0.3, 0.22, 0.22, 0.21, -20, -230), (0.5, 0.65)],
            [(0.5, 0.65), *arc(0.3, 0.77, 0.25, 0.23, -20, 230), (0.5, 0.15)],
        ],
    ],
    9: [
        [[*arc(0.28, 0.27, 0.25, 0.26, 0, -360), (0.5, 1.0)]],
        [[*arc(0.27, 0.25, 0.25, 0.24, -20, -340), (0.53, 0.15), (0.48, 0.7), (0.3, 0.98)]],
    ],
}  # fmt: skip


def stroked(digit: int, way: int, height: int, pen: float = 0.09, degrees: float = 0.0) -> Image.Image:
    """Return a mask, L with 255 for ink, around a digit of this height. pen: the width of strokes, of the height."""
    scale = 3 * height  # drawn three times as large, for smooth edges
    width = max(2, round(pen * scale))
    angle = np.radians(degrees)
    strokes = [
        [
            (scale * (x * np.cos(angle) - y * np.sin(angle)), scale * (x * np.sin(angle) + y * np.cos(angle)))
            for x, y in line
        ]
        for line in STROKES[digit][way]
    ]
    points = np.array([point for line in strokes for point in line])
    low, high = points.min(axis=0) - width, points.max(axis=0) + width
    mask = Image.new("L", (int(high[0] - low[0]), int(high[1] - low[1])))
    draw = ImageDraw.Draw(mask)
    for line in strokes:
        placed = [(x - low[0], y - low[1]) for x, y in line]
        draw.line(placed, fill=255, width=width, joint="curve")
        for x, y in placed:
            draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return mask.reduce(3)


def typed(digit: int, height: int) -> Image.Image:
    """Return a mask of a digit in the typeface that comes with Pillow."""
    font = ImageFont.load_default(round(height / 0.72))
    left, top, right, bottom = font.getbbox(str(digit))
    mask = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), str(digit), fill=255, font=font)
    return mask


def on_paper(mask: Image.Image, size: tuple[int, int], at: Point, paper: float | Array = 235, ink: float = 30) -> Array:
    """Return grey pixels H×W of a sheet of width and height `size`, with the ink at a place: 0…1 of the free room."""
    cover = Image.new("L", size)
    cover.paste(mask, (round(at[0] * (size[0] - mask.width)), round(at[1] * (size[1] - mask.height))))
    share = np.asarray(cover) / 255
    return np.asarray(paper * (1 - share) + ink * share)


def lit(size: tuple[int, int], bright: float, dark: float) -> Array:
    """Return paper that is bright at the upper left and dark at the lower right, with darker corners."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / np.array(size[::-1]).reshape(2, 1, 1)
    return np.asarray((bright + (dark - bright) * (x + y) / 2) * (1 - 0.15 * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2))


def picture(grey: Array) -> Image.Image:
    """Return an RGB picture."""
    return Image.fromarray(np.clip(np.round(grey), 0, 255).astype(np.uint8)).convert("RGB")


def plain(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A digit that fills most of a clean sheet."""
    return picture(on_paper(stroked(digit, way, 210), (200, 300), (0.5, 0.5)))


def small(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A small digit somewhere on a clean sheet."""
    return picture(on_paper(stroked(digit, way, 48, 0.11), (200, 300), tuple(rng.uniform(0.05, 0.95, 2))))


def faint(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A pencil on grey paper, with some noise."""
    grey = on_paper(stroked(digit, way, 130), (240, 240), (0.4, 0.6), paper=190, ink=145)
    return picture(grey + rng.normal(0, 3, grey.shape))


def turned(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A digit turned by up to ten degrees."""
    mask = stroked(digit, way, 150, 0.1, rng.uniform(-10, 10))
    return picture(on_paper(mask, (320, 240), (0.6, 0.4)))


def shaded(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """Paper in light from one side: its dark corner is about as dark as the ink in the bright one."""
    paper = lit((400, 300), 240, 80)
    return picture(on_paper(stroked(digit, way, 140), (400, 300), (0.5, 0.5), paper, paper * 0.35))


def noisy(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A picture taken in the dark."""
    grey = on_paper(stroked(digit, way, 160, 0.08), (300, 300), (0.3, 0.7), paper=170, ink=60)
    return picture(grey + rng.normal(0, 16, grey.shape))


def compressed(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A JPEG file of low quality."""
    stream = io.BytesIO()
    picture(on_paper(stroked(digit, way, 90, 0.1), (200, 160), (0.5, 0.3), 220, 50)).save(stream, "JPEG", quality=12)
    return Image.open(stream)


def board(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """Chalk on a board, lit unevenly."""
    grey = on_paper(stroked(digit, way, 170, 0.07), (400, 300), (0.4, 0.5), lit((400, 300), 75, 35), 215)
    return picture(grey + rng.normal(0, 5, grey.shape))


def type_set(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A printed digit."""
    return picture(on_paper(typed(digit, 120 if way else 60), (200, 300), tuple(rng.uniform(0.1, 0.9, 2))))


def thin(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A thin pen."""
    return picture(on_paper(stroked(digit, way, 200, 0.025), (300, 300), (0.5, 0.5), 230, 40))


def squared(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """Squared paper."""
    paper = np.full((300, 300), 232.0)
    paper[::20] = paper[:, ::20] = 195
    return picture(on_paper(stroked(digit, way, 150, 0.07), (300, 300), (0.6, 0.5), paper, 45))


def photographed(sheet: Image.Image, margin: int, table: Array, rng: np.random.Generator) -> Image.Image:
    """Return a sheet on a table, H×W×3, seen at an angle, with a soft shadow, noise and the artefacts of JPEG."""
    height, width = table.shape[:2]
    far = width - margin, height - margin
    corners = np.array([(margin, margin), (margin, far[1]), far, (far[0], margin)]) + rng.uniform(-35, 35, (4, 2))
    source = [(0, 0), (0, sheet.height), sheet.size, (sheet.width, 0)]
    rows = []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    coefficients = np.linalg.solve(np.array(rows), np.array(source, float).ravel()).tolist()
    seen = sheet.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    cover = Image.new("L", sheet.size, 255).transform((width, height), Image.Transform.PERSPECTIVE, coefficients)
    colours = np.where(np.asarray(cover)[..., None] > 0, np.asarray(seen), table)
    shadow = 1 - 0.35 / (1 + np.exp(-(np.linspace(0, 1, width) - rng.uniform(0.3, 0.7)) * 25))
    light = colours * lit((width, height), 1.05, 0.75)[..., None] * shadow[:, None]
    picture = Image.fromarray(np.clip(light + rng.normal(0, 6, light.shape), 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    picture.resize((800, 600), Image.Resampling.BILINEAR).save(stream, "JPEG", quality=60)
    return Image.open(stream)


def phone(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A sheet that fills most of the picture."""
    sheet = picture(on_paper(stroked(digit, way, 250, 0.06), (800, 600), tuple(rng.uniform(0.25, 0.75, 2)), 225, 50))
    return photographed(sheet, 55, np.full((900, 1200, 3), (110.0, 85, 60)), rng)


def desk(digit: int, way: int, rng: np.random.Generator) -> Image.Image:
    """A small digit in ink or pencil, on a sheet on a table of wood, whose grain is as dark as a pencil."""
    ink = 50 if digit % 2 else 130
    sheet = picture(on_paper(stroked(digit, way, 150, 0.05), (800, 560), tuple(rng.uniform(0.2, 0.8, 2)), 225, ink))
    y, x = np.mgrid[:900, :1200]
    grain = np.sin(y / 5.5 + 3 * np.sin(x / 230) + 0.4 * np.sin(x / 43)) * 12 + 10 * np.sin(y / 23 + x / 300)
    return photographed(sheet, 180, grain[..., None] * (1, 0.8, 0.6) + (130, 95, 60), rng)


Draw = Callable[[int, int, np.random.Generator], Image.Image]
KINDS: tuple[Draw, ...] = (
    plain,
    small,
    faint,
    turned,
    shaded,
    noisy,
    compressed,
    board,
    type_set,
    thin,
    squared,
    phone,
    desk,
)


def drawn(digit: int, kind: Draw) -> Image.Image:
    """Return the picture of a digit, always the same, in one of its two ways."""
    number = KINDS.index(kind)
    return kind(digit, (digit + number) % 2, np.random.default_rng([number, digit]))
