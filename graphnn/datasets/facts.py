"""What is known of the built-in data sets without loading them: shapes and class names."""

from dataclasses import dataclass

from graphnn.types import Shape


@dataclass(frozen=True)
class Facts:
    """The shape of one sample, channels first, and the names of the classes in the order of their labels."""

    shape: Shape
    classes: tuple[str, ...]


DIGITS = tuple("0123456789")
FACTS = {
    "digits": Facts((1, 8, 8), DIGITS),
    "mnist": Facts((1, 28, 28), DIGITS),
    "cifar10": Facts(
        (3, 32, 32),
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
}
