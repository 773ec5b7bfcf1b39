"""The base class of metrics of two classes, of which the second, that of the label 1 or yes, is to be found."""

from graphnn.metrics.base import OutputMetric
from graphnn.metrics.outputs import Classes, Outputs, YesOrNo
from graphnn.types import Shape


class TwoClassMetric(OutputMetric[Classes | YesOrNo]):
    """A quotient of two sums over samples of two classes; NaN where it is 0/0."""

    higher_is_better = True
    brief = False
    may_be_undefined = two_classes = True
    outputs = (Classes, YesOrNo)

    def suits(self, outputs: type[Outputs], output_shape: Shape) -> bool:
        """Return whether outputs tell two classes apart: two scores, or one answer yes or no."""
        return output_shape == ((2,) if outputs is Classes else (1,))

    def size(self, output_shape: Shape) -> int:
        """Return 2."""
        return 2
