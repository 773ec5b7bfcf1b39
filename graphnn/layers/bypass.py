"""What a residual block becomes in a graph, besides the nodes of its layers: values that go past these.

A block is the run of nodes Save, those of its body, Add; with layers in its shortcut it is Save, the body, Swap, the
shortcut, Add. They are no types of a document. `block` is the block's name, by which they find what they keep.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphnn.layers.base import Arrays, Backward, Gradients, Layer
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@dataclass(frozen=True, kw_only=True)
class Keeping(Layer):
    """A layer whose input other nodes need too. kept: the name, in `Context.bypass`, of the memory where it lies."""

    keeps_input: ClassVar[bool] = True
    block: str
    part: ClassVar[str]

    @property
    def kept(self) -> str:
        """The name of the memory that holds the input."""
        return f"{self.block} {self.part}"


@dataclass(frozen=True, kw_only=True)
class Save(Keeping):
    """The beginning of a block: y = x, and x is kept; dx = dy + the gradient that was kept there for the other way."""

    part: ClassVar[str] = "input"
    backward_in_place: ClassVar[bool] = True

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        kept = ctx.bypass(self.kept, x.shape, x.dtype)
        kept[...] = x

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            dy += kept
            return dy, {}

        return x, backward


@dataclass(frozen=True, kw_only=True)
class Swap(Keeping):
    """Between body and shortcut: x, what the body gives, is kept, and y is the block's input, of shape `restored`.

    Backward likewise: dy, the input's gradient by the shortcut, is kept, and dx is what Add kept: the body's.
    """

    part: ClassVar[str] = "body"
    restored: Shape

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.restored

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        body = ctx.bypass(self.kept, x.shape, x.dtype)
        body[...] = x
        y = ctx.bypass(f"{self.block} {Save.part}", (len(x), *self.restored), x.dtype)

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            y[...] = dy
            return body, {}

        return y, backward


@dataclass(frozen=True, kw_only=True)
class Add(Layer):
    """The end of a block: y = x + what was kept, by Swap where `swapped`, else by Save; dy is kept there, and dx = dy.

    What was kept in forward has no use after this node, so its memory takes the gradient.
    """

    backward_in_place: ClassVar[bool] = True
    block: str
    swapped: bool

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        name = f"{self.block} {(Swap if self.swapped else Save).part}"
        kept = ctx.bypass(name, x.shape, x.dtype)
        y = np.add(x, kept, out=ctx.output(x.shape, x.dtype))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            if not ctx.needs_dx:
                return None, {}
            kept[...] = dy
            return dy, {}

        return y, backward
