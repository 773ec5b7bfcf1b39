"""RandomAffine: random rotation, zoom and shear."""

import numpy as np

from graphnn.augmentation.base import AUGMENTATIONS, Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.transforms import AffineWarp
from graphnn.frozen_dataclass import frozen_dataclass


@AUGMENTATIONS.register
@frozen_dataclass
class RandomAffine(Augmentation):
    """Rotate, zoom and shear images about their centre, by amounts drawn for each image in each epoch.

    The point at (x, y) from the centre, to the right and down, moves to z·R·S·(x, y). R = [[cos θ, −sin θ],
    [sin θ, cos θ]] rotates by θ, uniform in −degrees…degrees; S = [[1, tan φ], [0, 1]] shears by φ, uniform in
    −shear…shear; the zoom z is uniform in 1 − scale…1 + scale. Pixels are interpolated bilinearly. padding: the values
    from outside the image, as in RandomTranslate.
    Source: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual
    document analysis", section 2.
    """

    degrees: float = 10
    scale: float = 0.1
    shear: float = 0
    padding: str = "reflect"

    def draw(self, key: DrawKey, images: TrainingImages) -> AffineWarp:
        drawn = key.generator().uniform(-1, 1, (3, images.count))
        angle, shear = np.deg2rad([[self.degrees], [self.shear]]) * drawn[[0, 2]]
        zoom = 1 + self.scale * drawn[1]
        cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(shear)
        inverse = np.array([[cos, -sin], [sin - tan * cos, cos + tan * sin]]) / zoom
        return AffineWarp(np.ascontiguousarray(inverse.transpose(2, 0, 1), np.float32), self.padding)
