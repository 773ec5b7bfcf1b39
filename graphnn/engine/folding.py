"""Which member has which lanes of a batch, and the fixed binary tree that adds these up in few buffers.

The tree: of n lanes, lane i takes the sum of lane i + 2^k for each level k = 0, 1, … in turn, where i is a multiple of
2^(k+1) and i + 2^k < n. Lane 0 then has the sum of all. A member computes neighbouring lanes in order, and adds as soon
as both sums are there, so that it needs few buffers, as a binary counter needs few digits; what lies at several members
is added when all have come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from graphnn.frozen_dataclass import frozen_dataclass

SHARED_SIZE = 2**16  # elements in all; for fewer, sharing the work out costs more than it saves

Pair = tuple[int, int]  # the sum of the second is added to the first


def share(tasks: range, member: int, members: int) -> range:
    """Return the tasks of one member, counted from 0: neighbouring ones; the shares differ in size by one at most."""
    return tasks[member * len(tasks) // members : (member + 1) * len(tasks) // members]


def shares(tasks: range, members: int) -> list[range]:
    """Return the tasks of each member; see `share`."""
    return [share(tasks, member, members) for member in range(members)]


def additions(lanes: range, count: int) -> Iterator[tuple[int, int, int]]:
    """Yield the additions of the tree over `count` lanes that need none but `lanes`, by level: (last, to, from).

    last: the last lane that the sum has. The lanes are those of one member.
    """
    half = 1
    while half < count:
        for lane in range(-(-lanes.start // (2 * half)) * 2 * half, min(lanes.stop, count), 2 * half):
            last = min(lane + 2 * half, count) - 1
            if lane + half < count and last < lanes.stop:
                yield last, lane, lane + half
        half *= 2


@frozen_dataclass
class Folding:
    """Which buffer each lane's gradients go to, and what is added to what.

    buffers: by lane; buffer 0 is the parameters' gradient. after: the additions of buffers once a lane is done, by
    lane. across: those when all lanes are done. size: the number of buffers.
    """

    buffers: Mapping[int, int]
    after: Mapping[int, Sequence[Pair]]
    across: Sequence[Pair]
    size: int


def folding(members: Sequence[range], count: int) -> Folding:
    """Return how members that compute these lanes, in order, of `count` lanes add them up in few buffers.

    Together the members have neighbouring lanes; the sum is left in buffer 0, that of the first of them.
    """
    whole = range(members[0].start, max((each.stop for each in members if each), default=members[0].start))
    everything = list(additions(whole, count))
    buffers: dict[int, int] = {}
    after: dict[int, list[Pair]] = {}
    inside: set[Pair] = set()
    size = 1  # the gradient
    for lanes in members:
        free: list[int] = []
        own = sorted(additions(lanes, count), key=lambda each: each[0])  # stable: by level within a lane
        for lane in lanes:
            if lane == whole.start:
                buffers[lane] = 0
            elif free:
                buffers[lane] = free.pop()
            else:
                buffers[lane], size = size, size + 1
            for last, to, source in own:
                if last == lane:
                    after.setdefault(lane, []).append((buffers[to], buffers[source]))
                    inside.add((to, source))
                    free.append(buffers[source])
    across = [(buffers[to], buffers[source]) for _, to, source in everything if (to, source) not in inside]
    return Folding(buffers, after, across, size)


def most_buffers(lanes: int, members: Callable[[int], Sequence[range]]) -> int:
    """Return how many buffers the lanes of any batch take. members: returns who has which of a number of lanes."""
    return max(folding(members(count), count).size for count in range(1, lanes + 1))
