"""Which module of a foreign file is which layer of a network: what is certain, by which rule, and what is open."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.modules import Module, without_prefix
from graphnn.importing.weights.name_order import is_of_shortcut, precedence, together
from graphnn.importing.weights.order_search import Order, SearchedWays, search
from graphnn.importing.weights.slots import Slot, fitting

BRANCH: Mapping[str | int, int] = {"shortcut": 0, "layers": 1}
MOST_WAYS = 64  # that are looked at to tell what is open


class MatchingRule(Enum):
    """Why a module is taken for a layer."""

    MAP = "the map"
    NAMES = "equal names"
    SHAPES = "kinds and shapes, which fit in one way only"
    GRAPH = "the graph in the file, which fits in one way only"
    NUMBERS = "shapes and the numbers in their names, which fit in one way only"
    CONTAINERS = "shapes and names, by numbers and with each container in one go, which fit in one way only"
    DEFINITION = "the order in which the file has them, that of their definition"


@frozen_dataclass
class Matching:
    """The layers of a network and the modules of a file.

    pairs: the module of each slot, by its name. rules: why. open: the modules that a slot may be, where that is not
    certain. reason: why it is not. anew: slots that no module fits. unused: modules that are no slot's.
    """

    pairs: Mapping[str, Module]
    rules: tuple[MatchingRule, ...]
    open: Mapping[str, tuple[Module, ...]]
    reason: str
    anew: tuple[Slot, ...]
    unused: tuple[Module, ...]


def match(slots: Sequence[Slot], file: ForeignFile, chosen: Mapping[str, Sequence[Module]] | None = None) -> Matching:
    """Return which modules of a file the slots of a network take.

    chosen: the modules that a map leaves to a slot: one, none, or several. A module is taken by one rule of these, the
    first that says which: the map; equal names; kinds and shapes; the graph of the file; the numbers in the names and
    the containers that these tell of, where they and the shapes leave one way only; the order of definition, where it
    is known and is one of these ways. What none of them decides is open.
    """
    chosen = chosen or {}
    pairs = {name: modules[0] for name, modules in chosen.items() if len(modules) == 1}
    rules = [MatchingRule.MAP] if pairs else []
    taken = {module.name for module in pairs.values()}
    left = [module for module in file.modules if module.name not in taken]
    wanted = [slot for slot in slots if slot.name not in pairs and chosen.get(slot.name, True)]
    able = {
        slot.name: [module for module in chosen.get(slot.name) or left if module.name not in taken] for slot in wanted
    }
    fits = fitting(wanted, able, exact=True)
    if uneven_places(wanted, fits):  # which may differ in biases of 0
        fits = fitting(wanted, able, exact=False)
    decided = decide(wanted, left, fits, file)
    pairs |= decided.pairs
    used = {module.name for module in pairs.values()} | {each.name for some in decided.open.values() for each in some}
    return Matching(
        {slot.name: pairs[slot.name] for slot in slots if slot.name in pairs},
        (*rules, *decided.rules),
        decided.open,
        decided.reason,
        tuple(slot for slot in slots if slot.name not in pairs and slot.name not in decided.open),
        tuple(module for module in file.modules if module.name not in used),
    )


def decide(
    slots: Sequence[Slot], modules: Sequence[Module], fits: Mapping[str, Sequence[Module]], file: ForeignFile
) -> Matching:
    """Return what is certain, and what is open, of slots and modules that no map names."""
    named = equal_names(slots, modules, fits)
    if any(slot.name not in named for slot in slots if fits[slot.name]):  # names by number may be those of others
        named = {slot.name: named[slot.name] for slot in slots if slot.name in named and not slot.unnamed}
    if against_graph(slots, named, file):
        named = {}
    rest = [slot for slot in slots if slot.name not in named]
    beside = {module.name for module in modules} - {module.name for module in named.values()}
    if named and not any(module.name in beside for slot in rest for module in fits[slot.name]):
        return certain(named, MatchingRule.NAMES)
    places = [slot for slot in slots if fits[slot.name]]
    able = {module.name for slot in places for module in fits[slot.name]}
    usable = [module for module in modules if module.name in able]
    if not places:
        return certain({}, None)
    uneven = uneven_places(places, fits)
    if uneven:
        listed = {slot.name: tuple(fits[slot.name]) for slot in uneven}
        counted = {module.name for some in listed.values() for module in some}
        found = f"{len(counted)} of its modules fit {len(uneven)} layers"
        return open_ones(listed, found, {})
    result = by_order(places, usable, fits, file)
    clash = [
        slot for slot in places if slot.name in named and result.pairs.get(slot.name) not in (None, named[slot.name])
    ]
    if clash and not set(result.rules) & {MatchingRule.SHAPES, MatchingRule.GRAPH}:
        listed = {slot.name: tuple(fits[slot.name]) for slot in places if len(fits[slot.name]) > 1}
        reason = f'the module called "{named[clash[0].name].name}" is another by its place among the others'
        return open_ones(listed, reason, {})
    return result


def certain(pairs: Mapping[str, Module], rule: MatchingRule | None) -> Matching:
    """Return a matching of which nothing is open."""
    return Matching(pairs, () if rule is None else (rule,), {}, "", (), ())


def open_ones(open: Mapping[str, tuple[Module, ...]], reason: str, pairs: Mapping[str, Module]) -> Matching:
    """Return a matching of which something is open."""
    return Matching(pairs, (), open, reason, (), ())


def equal_names(
    slots: Iterable[Slot], modules: Sequence[Module], fits: Mapping[str, Sequence[Module]]
) -> dict[str, Module]:
    """Return the modules that fit the slot of their name, by that; names may lack what all in the file begin with."""
    plain = without_prefix(module.name for module in modules)
    by_name = {plain[module.name]: module for module in modules}
    by_name |= {name.replace("/", "."): module for module in modules for name in (module.alias, module.name)}
    found = {slot.name: by_name.get(slot.name.replace("/", ".")) for slot in slots}
    return {
        name: module
        for name, module in found.items()
        if module is not None and any(module is each for each in fits[name])
    }


def against_graph(slots: Sequence[Slot], named: Mapping[str, Module], file: ForeignFile) -> bool:
    """Whether the graph in a file has modules the other way round than the layers that they are called after."""
    if file.before is None:
        return False
    known = [slot for slot in slots if slot.name in named]
    return any(
        named[later.name].name in file.before[named[earlier.name].name]
        for place, later in enumerate(known)
        for earlier in known[:place]
        if earlier.comes_before(later)
    )


def uneven_places(places: Sequence[Slot], fits: Mapping[str, Sequence[Module]]) -> list[Slot]:
    """Return the slots for which there are more modules than slots, or fewer, of the same shape."""
    groups: list[tuple[set[str], set[str]]] = []
    for slot in [slot for slot in places if fits[slot.name]]:
        names, able = {slot.name}, {module.name for module in fits[slot.name]}
        for group in [group for group in groups if group[1] & able]:
            groups.remove(group)
            names |= group[0]
            able |= group[1]
        groups.append((names, able))
    uneven = {name for names, able in groups if len(names) != len(able) for name in names}
    return [slot for slot in places if slot.name in uneven]


def by_order(
    places: Sequence[Slot], modules: Sequence[Module], fits: Mapping[str, Sequence[Module]], file: ForeignFile
) -> Matching:
    """Return what the order of modules decides: that of the graph, of their names, or of their definition."""
    number = {module.name: i for i, module in enumerate(modules)}
    allowed = [sum(1 << number[module.name] for module in fits[slot.name]) for slot in places]
    nothing = [0] * len(modules)
    free = search(Order(allowed, nothing), 2)
    if len(free.ways) == 1 and free.whole:
        return certain(paired(places, modules, free.ways[0]), MatchingRule.SHAPES)
    if file.before is not None:
        before = [sum(1 << number[name] for name in file.before[module.name] if name in number) for module in modules]
        exact = [
            sum(1 << i for i, earlier in enumerate(places[:place]) if earlier.comes_before(slot))
            for place, slot in enumerate(places)
        ]
        found = search(Order(allowed, before, exact=exact), MOST_WAYS)
        if len(found.ways) == 1 and found.whole:
            return certain(paired(places, modules, found.ways[0]), MatchingRule.GRAPH)
        reason = (
            "its graph fits the network in more than one way"
            if found.ways
            else "its graph is another than the network's"
        )
        return undecided(places, modules, fits, found, reason)
    defined = defined_ways(places, allowed) if file.ordered else []
    found, leaves = by_names(places, modules, allowed)
    agreeing = [way for way in defined if leaves(way)]
    if len(found.ways) == 1 and found.whole and (agreeing or not defined):
        return certain(paired(places, modules, found.ways[0]), rule_of(places, modules, allowed, agreeing))
    if len(agreeing) == 1:
        return certain(paired(places, modules, agreeing[0]), MatchingRule.DEFINITION)
    if defined and not agreeing:
        reason = "the order in which it has them is another than that of the numbers in their names"
    elif found.ways:
        order_text = "order in the file is not that of the layers" if file.ordered else "order is not known"
        reason = f"their shapes and names fit in more than one way, and their {order_text}"
    else:
        reason = "their shapes fit in more than one way, and the order in their names is not that of the layers"
    ways = dict.fromkeys((*found.ways, *defined))
    return undecided(places, modules, fits, SearchedWays(tuple(ways), found.whole), reason)


def place_orders(places: Sequence[Slot]) -> list[list[int]]:
    """Return the orders in which a program may have the slots: shortcuts after what they go past, or before it."""
    first = sorted(range(len(places)), key=lambda i: [BRANCH.get(part, part) for part in places[i].path])
    orders = [list(range(len(places))), first]
    return orders if any(slot.in_shortcut for slot in places) else orders[:1]


def defined_ways(places: Sequence[Slot], allowed: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the ways in which the modules, in the order of the file, are the slots in one of their orders."""
    ways = []
    for order in place_orders(places):
        way = [0] * len(places)
        for module, place in enumerate(order):
            way[place] = module
        if all(each >> module & 1 for module, each in zip(way, allowed, strict=True)):
            ways.append(tuple(way))
    return list(dict.fromkeys(ways))


def by_names(
    places: Sequence[Slot], modules: Sequence[Module], allowed: Sequence[int]
) -> tuple[SearchedWays, Callable[[Sequence[int]], bool]]:
    """Return the ways that the names leave, and whether they leave one: by as much of what they say as leaves any."""
    numbers, sets = precedence(modules), together(modules)
    apart = list(allowed)
    shortcuts = sum(1 << i for i, module in enumerate(modules) if is_of_shortcut(module))
    if shortcuts and any(slot.in_shortcut for slot in places):
        able = zip(places, allowed, strict=True)
        apart = [each & (shortcuts if slot.in_shortcut else ~shortcuts) for slot, each in able]
    found = SearchedWays((), True)
    known = Order(allowed, numbers)
    for known in (Order(apart, numbers, sets), Order(apart, numbers), Order(allowed, numbers)):
        found = in_orders(places, known)
        if found.ways or not found.whole:
            break

    def leaves(way: Sequence[int]) -> bool:
        only = [1 << module & each for module, each in zip(way, known.allowed, strict=True)]
        return bool(in_orders(places, Order(only, known.before, known.together)).ways)

    return found, leaves


def in_orders(places: Sequence[Slot], known: Order) -> SearchedWays:
    """Return the ways to put modules in places, where these come in any of their orders."""
    ways, whole = dict[tuple[int, ...], None](), True
    for order in place_orders(places):
        found = search(Order([known.allowed[i] for i in order], known.before, known.together), MOST_WAYS)
        whole &= found.whole
        back = sorted(range(len(order)), key=order.__getitem__)
        ways |= dict.fromkeys(tuple(way[i] for i in back) for way in found.ways)
    return SearchedWays(tuple(ways), whole)


def rule_of(
    places: Sequence[Slot], modules: Sequence[Module], allowed: Sequence[int], agreeing: Sequence[object]
) -> MatchingRule:
    """Return the rule by which the names, or the order of definition with them, leave one way."""
    if agreeing:
        return MatchingRule.DEFINITION
    numbers = in_orders(places, Order(allowed, precedence(modules)))
    return MatchingRule.NUMBERS if len(numbers.ways) == 1 and numbers.whole else MatchingRule.CONTAINERS


def undecided(
    places: Sequence[Slot],
    modules: Sequence[Module],
    fits: Mapping[str, Sequence[Module]],
    found: SearchedWays,
    reason: str,
) -> Matching:
    """Return a matching of which all is open that the ways found, or what fits where they are not all, differ in."""
    pairs, listed = {}, {}
    for place, slot in enumerate(places):
        if len(found.ways) > 1 and found.whole:
            able = {way[place] for way in found.ways}
            choices = tuple(module for i, module in enumerate(modules) if i in able)
        else:
            choices = tuple(fits[slot.name])
        if len(choices) == 1:
            pairs[slot.name] = choices[0]
        else:
            listed[slot.name] = choices
    return open_ones(listed, reason, pairs)


def paired(places: Sequence[Slot], modules: Sequence[Module], way: Sequence[int]) -> dict[str, Module]:
    """Return the modules of a way, by the names of their slots."""
    return {slot.name: modules[module] for slot, module in zip(places, way, strict=True)}
