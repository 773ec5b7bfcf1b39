"""The memory of the engine: allocated once and reused at every step, with the contexts that give it to layers."""

import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from graphnn.graph.graph import Node
from graphnn.kernels.kernels import Kernels
from graphnn.layers.context import Context, channels_last
from graphnn.parameters.parameter import in_memory_order
from graphnn.randomness import Purpose, generator, renew
from graphnn.types import Array, Shape


class Arena:
    """A block of memory that is reused for arrays of any shape; its previous values are lost.

    grown: called when it has grown, so that arrays from before are in other memory.
    """

    def __init__(self, grown: Callable[[], None] | None = None) -> None:
        self._grown = grown
        self._bytes = np.empty(0, np.uint8)
        self._views: dict[tuple[Shape, Any, bool], Array] = {}  # a step of models/digits.json asks 90 times

    def take(self, shape: Shape, dtype: Any, *, images: bool = False) -> Array:
        """Return the memory, grown where it is too small, as an array in C order, or with `images` channels last."""
        view = self._views.get((shape, dtype, images))
        if view is None:
            size = math.prod(shape) * np.dtype(dtype).itemsize
            if size > self._bytes.size:
                self._bytes = np.empty(size, np.uint8)
                self._views.clear()
                if self._grown is not None:
                    self._grown()
            flat = self._bytes[:size].view(dtype)
            view = self._views[shape, dtype, images] = channels_last(flat, shape) if images else flat.reshape(shape)
        return view


class ThreadMemory(threading.local):
    """The private memory of each thread: scratch by name, and two slots that a chain of nodes alternates between.

    bound: what is bound to that memory, by any key; it is forgotten when the memory grows.
    """

    def __init__(self) -> None:
        self.bound: dict[Any, Any] = {}
        self.scratch: dict[str, Arena] = {}
        self.brief: dict[tuple[int, str], Arena] = {}
        self.padded: dict[tuple[int, str, Shape, Any], Array] = {}
        self.slots = (Arena(self.bound.clear), Arena(self.bound.clear))
        self.slot = 0  # index of the slot with the chain's current value

    def next_slot(self, shape: Shape, dtype: Any) -> Array:
        """Return the memory of the slot that does not have the current value, and make that slot current."""
        self.slot = 1 - self.slot
        return self.slots[self.slot].take(shape, dtype, images=True)


@dataclass
class Clock:
    """The point in the run by which random draws are keyed: seed, epoch and step, from 0."""

    seed: int
    epoch: int = 0
    step: int = 0
    ticks: int = 0  # steps run so far, repeated ones too: a repeated step makes the same draws again

    def key(self, node: Node, piece: int) -> tuple[int, int, int, int]:
        """Return the key, besides seed and purpose, of a node's random draws for one piece. piece: its number."""
        return self.epoch, self.step, node.index, piece


class Workspace:
    """All memory of one engine: arrays of a whole batch by name, and scratch of each thread; and the kernels.

    batch_size: the number of samples in arrays of a whole batch. `tail` is the shape of one sample in them; arrays of
    four axes are channels last in memory. Nothing is freed before the workspace is.
    """

    def __init__(self, batch_size: int, kernels: Kernels) -> None:
        self.batch_size, self.kernels = batch_size, kernels
        self.thread = ThreadMemory()
        self._whole: dict[tuple[Any, ...], Array] = {}
        self._pieces: dict[tuple[Any, ...], Array] = {}
        self._in_turn: dict[str, Array] = {}
        self._turn = 0  # elements of one sample in each
        self._bypasses: dict[str, Array] = {}

    def whole(self, node: int, name: str, tail: Shape, dtype: Any) -> Array:
        """Return an array of a whole batch, batch_size×tail, by node and name; it is allocated at the first call."""
        key = (node, name, tail, np.dtype(dtype))
        whole = self._whole.get(key)
        if whole is None:
            shape = (self.batch_size, *tail)
            # threads that come here at the same time all get the array of the first
            whole = self._whole.setdefault(key, channels_last(np.empty(math.prod(shape), dtype), shape))
        return whole

    def piece(self, node: int, name: str, number: int, piece: slice, capacity: int, tail: Shape, dtype: Any) -> Array:
        """Return a piece's part of the array of the whole batch, if that exists, else an array for this piece alone.

        number: of the piece. piece: its samples. capacity: the samples that an array for one piece has room for. Pieces
        do not share one array, because processes that write neighbouring pieces would both hold each page of 2 MiB that
        they touch: training models/cifar10_wide.json took 2.5 GiB where 1.6 were requested.
        """
        whole = self._whole.get((node, name, tail, np.dtype(dtype)))
        if whole is not None:
            return whole[piece]
        key = (node, name, number, tail, np.dtype(dtype))
        if key not in self._pieces:
            shape = (capacity, *tail)
            self._pieces[key] = channels_last(np.empty(math.prod(shape), dtype), shape)
        return self._pieces[key][: piece.stop - piece.start]

    def reserve_bypass(self, name: str, tail: Shape, dtype: Any) -> None:
        """Allocate the array that `bypass` returns."""
        shape = (self.batch_size, *tail)
        self._bypasses[name] = channels_last(np.empty(math.prod(shape), dtype), shape)

    def bypass(self, name: str) -> Array:
        """Return the array of a whole batch in which values bypass other nodes."""
        return self._bypasses[name]

    def brief(self, position: int, name: str, samples: int, capacity: int, tail: Shape, dtype: Any) -> Array:
        """Return memory of this thread for `samples` samples, which pieces and stages take in turn.

        position: of the node in its stage. capacity: the samples of the stage's largest piece.
        """
        arenas = self.thread.brief
        if (position, name) not in arenas:
            arenas[position, name] = Arena()
        shape = (capacity, *tail)
        return arenas[position, name].take(shape, dtype, images=True)[:samples]

    def reserve(self, names: Collection[str], size: int, dtype: Any) -> None:
        """Allocate arrays of `size` elements for each sample of a batch, of which `in_turn` returns parts."""
        self._turn = size
        for name in names:
            self._in_turn[name] = np.empty(self.batch_size * size, dtype)

    def in_turn(self, name: str, block: slice, tail: Shape) -> Array:
        """Return reserved memory for a block of samples; nodes use it in turn, with different shapes.

        A block has the same bytes whatever the shape, so that no two processes touch, and hold, the same pages.
        """
        shape = (block.stop - block.start, *tail)
        start = block.start * self._turn
        return channels_last(self._in_turn[name][start : start + math.prod(shape)], shape)


class ScratchContext(Context):
    """A context whose scratch is private to the running thread."""

    def __init__(
        self,
        workspace: Workspace,
        node: Node,
        *,
        training: bool,
        needs_dx: bool,
        trained: Collection[str] | None = None,
    ) -> None:
        super().__init__(
            training=training,
            needs_dx=needs_dx,
            input_shape=node.input_shape,
            kernels=workspace.kernels,
            trained=trained,
        )
        self.node = node
        self.workspace = workspace

    def scratch(self, name: str, shape: Shape, dtype: Any, *, zeroed: bool = False) -> Array:
        memory = self.workspace.thread
        if not zeroed:
            arena = memory.scratch.get(name)
            if arena is None:
                arena = memory.scratch[name] = Arena(memory.bound.clear)
            return arena.take(shape, dtype)
        key = (self.node.index, name, shape, dtype)
        if key not in memory.padded:
            memory.padded[key] = np.zeros(shape, dtype)
        return memory.padded[key]


class StepContext(ScratchContext):
    """The context in which a node prepares what all pieces of a step share; arrays from `keep` have no batch axis."""

    def __init__(self, workspace: Workspace, node: Node, *, training: bool, needs_dx: bool) -> None:
        super().__init__(workspace, node, training=training, needs_dx=needs_dx)
        self._kept: dict[tuple[str, Shape], Array] = {}

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        if (name, shape) not in self._kept:
            self._kept[name, shape] = super().keep(name, shape, dtype)
        return self._kept[name, shape]


class PieceContext(ScratchContext):
    """The context of one node and one piece in training.

    number: of the piece. capacity: samples of the largest piece. dx: memory for it, where other nodes use it too.
    position: of the node in its stage. brief: what lasts only until the thread computes another piece.
    """

    def __init__(
        self,
        workspace: Workspace,
        node: Node,
        number: int,
        piece: slice,
        clock: Clock,
        *,
        capacity: int,
        needs_dx: bool,
        trained: Collection[str],
        dx: Array | None,
        position: int,
        brief: Literal["nothing", "output", "everything"],
    ) -> None:
        super().__init__(workspace, node, training=True, needs_dx=needs_dx, trained=trained)
        self.number, self.piece, self.clock = number, piece, clock
        self._dx, self._capacity, self._position, self._brief = dx, capacity, position, brief
        self.lane: Mapping[str, Array] | None = None  # the lane's sums, for its first piece to write into
        self._declared = {parameter.name: parameter for parameter in node.parameters}
        self._kept: dict[str, Array] = {}
        self._drawn_at = 0

    @property
    def rng(self) -> np.random.Generator:
        clock = self.clock
        if self._rng is None:
            self._rng = generator(clock.seed, Purpose.LAYER, *clock.key(self.node, self.number))
        elif self._drawn_at != clock.ticks:
            renew(self._rng, clock.seed, Purpose.LAYER, *clock.key(self.node, self.number))
        self._drawn_at = clock.ticks
        return self._rng

    def output(self, shape: Shape, dtype: Any) -> Array:
        return self.keep("output", shape, dtype)

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        kept = self._kept.get(name)
        if kept is None or kept.shape != shape or kept.dtype != dtype:
            tail, node, workspace = shape[1:], self.node.index, self.workspace
            if self._brief == "everything" or (self._brief == "output" and name == "output"):
                kept = workspace.brief(self._position, name, shape[0], self._capacity, tail, dtype)
            else:
                kept = workspace.piece(node, name, self.number, self.piece, self._capacity, tail, dtype)
            self._kept[name] = kept
        return kept

    def bypass(self, name: str, shape: Shape, dtype: Any) -> Array:
        key = f"bypass {name}"
        if key not in self._kept:
            self._kept[key] = self.workspace.bypass(name)[self.piece]
        return self._kept[key]

    def gradient(self, name: str, parameter: Array) -> Array:
        if self.lane is not None and name in self.lane:
            return self.lane[name]
        flat = self.scratch(f"gradient of {name}", (parameter.size,), parameter.dtype)
        return in_memory_order(flat, self._declared[name])

    def dx(self, shape: Shape, dtype: Any) -> Array:
        if self._dx is not None and self._dx.shape == shape:
            return self._dx
        return self.workspace.thread.next_slot(shape, dtype)


class InferenceContext(ScratchContext):
    """The context of one node in inference, for pieces of one size, which come in the same memory one after the other.

    Nothing is kept from one piece to the next, and values alternate between two slots. The arrays are the same objects
    for each piece, so that what is bound to them may be called again.
    """

    def __init__(self, workspace: Workspace, node: Node, prepared: Any) -> None:
        super().__init__(workspace, node, training=False, needs_dx=False)
        self.prepared = prepared
        self._arrays: dict[tuple[str, Shape, Any], Array] = {}

    def output(self, shape: Shape, dtype: Any) -> Array:
        key = ("output", shape, np.dtype(dtype))
        if key not in self._arrays:
            self._arrays[key] = self.workspace.thread.next_slot(shape, dtype)
        return self._arrays[key]

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        return self._once(f"kept {name}", shape, dtype)

    def bypass(self, name: str, shape: Shape, dtype: Any) -> Array:
        return self._once(f"bypass {name}", shape, dtype)

    def _once(self, name: str, shape: Shape, dtype: Any) -> Array:
        key = (name, shape, np.dtype(dtype))
        if key not in self._arrays:
            self._arrays[key] = channels_last(self.scratch(name, shape, dtype), shape)
        return self._arrays[key]
