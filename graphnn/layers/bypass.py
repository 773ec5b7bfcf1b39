"""Save, Swap and Add: the nodes of a residual block that carry values past the layers inside it.

In a graph, a block is the sequence Save, body, Add, or Save, body, Swap, shortcut, Add where its shortcut has layers.
These types do not occur in documents. `block` is the block's name, under which its nodes find the values kept.
"""

from typing import ClassVar

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Arrays, Backward, Gradients, Layer
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@frozen_dataclass(kw_only=True)
class Keeping(Layer):
    """A layer whose input is kept for other nodes of the block, in memory from `Context.bypass`."""

    keeps_input: ClassVar[bool] = True
    reads_input: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
    block: str
    part: ClassVar[str]

    @property
    def kept(self) -> str:
        """The name of the memory that the input is kept in."""
        return f"{self.block} {self.part}"


@frozen_dataclass(kw_only=True)
class Save(Keeping):
    """The start of a block: y = x, and x is kept. dx = dy + the other branch's gradient, kept in the same memory."""

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


@frozen_dataclass(kw_only=True)
class Swap(Keeping):
    """The change from body to shortcut: x, the body's output, is kept, and y is the block's input, of shape `restored`.

    In backward, dy, the gradient of the block's input through the shortcut, is kept for Save; dx is the gradient that
    Add has kept for the body.
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


@frozen_dataclass(kw_only=True)
class Add(Layer):
    """The end of a block: y = x + the values that Swap has kept if `swapped`, else Save. dx = dy, and dy is kept.

    Nothing reads the values kept in forward after this node, so dy is kept in their memory.
    """

    backward_in_place: ClassVar[bool] = True
    reads_input: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
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
