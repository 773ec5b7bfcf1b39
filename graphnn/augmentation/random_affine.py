"""RandomAffine."""

from dataclasses import dataclass

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.steps import Warped


@AUGMENTATIONS.register
@dataclass(frozen=True)
class RandomAffine(Augmentation):
    """Turn, zoom and slant images about their centre, as far as they are drawn anew for each image in each epoch.

    The point at (x, y) from the centre, to the right and down, comes to z·R·S·(x, y). R = [[cos θ, −sin θ],
    [sin θ, cos θ]] turns by θ, uniform in −degrees…degrees; S = [[1, tan φ], [0, 1]] slants by φ, uniform in
    −shear…shear; the zoom z is uniform in 1 − scale…1 + scale. Pixels are interpolated between their four neighbours
    (Simard, Steinkraus and Platt 2003, section 2). padding: what comes in from outside, as of RandomTranslate.
    """

    degrees: float = 10
    scale: float = 0.1
    shear: float = 0
    padding: str = "reflect"

    def step(self, key: DrawKey, images: TrainingImages) -> Warped:
        drawn = key.generator().uniform(-1, 1, (3, images.count))
        angle, slant = np.deg2rad([[self.degrees], [self.shear]]) * drawn[[0, 2]]
        zoom = 1 + self.scale * drawn[1]
        cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(slant)
        inverse = np.array([[cos, -sin], [sin - tan * cos, cos + tan * sin]]) / zoom
        return Warped(np.ascontiguousarray(inverse.transpose(2, 0, 1), np.float32), self.padding)
