"""Connected pieces of masks, against a fill from pixel to pixel."""

import numpy as np
import pytest

from graphnn.pictures.pieces import pieces_of
from graphnn.types import Array


def filled(mask: Array) -> list[tuple[int, tuple[int, ...], frozenset[tuple[int, int]]]]:
    """Return the area, box and pixels of each piece."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))
    result = []
    while left:
        piece, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            piece.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            edge += near
        rows, columns = zip(*piece, strict=True)
        box = (min(rows), min(columns), max(rows) + 1, max(columns) + 1)
        result.append((len(piece), box, frozenset(piece)))
    return result


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (13, 17)])
def test_pieces_of_random_masks(shape: tuple[int, int], share: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        mask = rng.random(shape) < share
        found = pieces_of(mask)
        pieces = [
            (int(area), tuple(box.tolist()), frozenset(map(tuple, np.argwhere(found.labels == number).tolist())))
            for number, (area, box) in enumerate(zip(found.areas, found.boxes, strict=True), 1)
        ]
        assert set(pieces) == set(filled(mask))
        assert len(pieces) == len(filled(mask))


def test_a_spiral_is_one_piece() -> None:
    rows = ["#########", "#       #", "# ##### #", "# #   # #", "# # ### #", "# #     #", "# #######"]
    mask = np.array([[pixel == "#" for pixel in row] for row in rows])
    assert pieces_of(mask).areas.tolist() == [mask.sum()]
