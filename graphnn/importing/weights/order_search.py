"""The search for the ways in which modules can be the layers of a network, in the order that is known of them."""

from collections.abc import Iterator, Sequence

from graphnn.frozen_dataclass import frozen_dataclass

MOST_STEPS = 100_000  # of a search, after which it counts as undecided: a second


@frozen_dataclass
class Order:
    """What is known of the order of modules, all sets as bits.

    before: for each module, those that come before it. together: sets that are taken in one go. allowed: for each
    place, the modules that may be there. exact: for each place, the places before it that its input comes from,
    where `before` is all that modules depend on; None where `before` need not be all.
    """

    allowed: Sequence[int]
    before: Sequence[int]
    together: Sequence[int] = ()
    exact: Sequence[int] | None = None


@frozen_dataclass
class SearchedWays:
    """The ways that a search has found. ways: each the module of each place. whole: whether there are no others."""

    ways: tuple[tuple[int, ...], ...]
    whole: bool


def search(order: Order, most: int) -> SearchedWays:
    """Return up to `most` ways to put each module in a place of its own."""
    ways: list[tuple[int, ...]] = []
    way: list[
        int
    ] = []  # the module of each place so far, and for each the modules still to try, and the ways before it
    trying, known = [candidates(order, way, 0)], [0]
    used, steps = 0, 0
    dead: set[tuple[int, int]] = set()  # states that lead to no way
    while trying:
        if len(way) == len(order.allowed):
            ways.append(tuple(way))
            if len(ways) == most:
                return SearchedWays(tuple(ways), False)
        module = next(trying[-1], None) if len(way) < len(order.allowed) else None
        if module is None:
            if order.exact is None and len(ways) == known[-1]:
                dead.add((used, way[-1] if way else -1))
            trying.pop()
            known.pop()
            if way:
                used &= ~(1 << way.pop())
            continue
        if (used | 1 << module, module) in dead:
            continue
        steps += 1
        if steps > MOST_STEPS:
            return SearchedWays(tuple(ways), False)
        way.append(module)
        used |= 1 << module
        trying.append(candidates(order, way, used))
        known.append(len(ways))
    return SearchedWays(tuple(ways), True)


def candidates(order: Order, way: Sequence[int], used: int) -> Iterator[int]:
    """Return the modules that may be in the next place. way: those in the places before it. used: the same, as bits."""
    if len(way) == len(order.allowed):
        return iter(())
    able = order.allowed[len(way)] & ~used
    for each in order.together if way else ():
        if each >> way[-1] & 1 and each & ~used:
            able &= each  # it has been begun
    return iter([module for module in members(able) if may_follow(order, way, used, module)])


def may_follow(order: Order, way: Sequence[int], used: int, module: int) -> bool:
    """Whether all that comes before a module is placed, and, where that is exact, in the places that it comes from."""
    if order.before[module] & ~used:
        return False
    if order.exact is None:
        return True
    sources = sum(1 << way[place] for place in members(order.exact[len(way)]))
    return sources == order.before[module]


def members(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
