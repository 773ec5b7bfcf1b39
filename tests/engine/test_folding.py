"""Which member has which lanes, which buffer these take, and in which order they are added."""

import pytest

from graphnn.engine.folding import additions, folding, most_buffers, shares


def test_shares_by_hand():
    assert shares(range(8), 3) == [range(2), range(2, 5), range(5, 8)]
    assert shares(range(2), 4) == [range(0), range(1), range(1, 1), range(1, 2)]
    assert shares(range(4, 6), 1) == [range(4, 6)]


@pytest.mark.parametrize("members", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 16, 50])
def test_shares_are_all_tasks_in_order_and_even(members, count):
    parts = shares(range(3, 3 + count), members)
    assert [number for part in parts for number in part] == list(range(3, 3 + count))
    assert len(parts) == members
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def tree(lanes, first=0, size=64):
    """Return the sum of the lanes from `first` on, up to `size` of them, as the tree adds them up, written out."""
    if size == 1:
        return lanes[first]
    left, middle = tree(lanes, first, size // 2), first + size // 2
    return f"({left}+{tree(lanes, middle, size // 2)})" if middle < len(lanes) else left


def test_the_tree_written_out():
    assert tree("a") == "a"
    assert tree("abc") == "((a+b)+c)"
    assert tree("abcde") == "(((a+b)+(c+d))+e)"
    assert tree("abcdefg") == "(((a+b)+(c+d))+((e+f)+g))"


def test_the_additions_of_some_lanes():
    """Of five lanes: 0 + 1 and 2 + 3 first, then both sums, then lane 4."""
    assert list(additions(range(5), 5)) == [(1, 0, 1), (3, 2, 3), (3, 0, 2), (4, 0, 4)]
    assert list(additions(range(1, 4), 5)) == [(3, 2, 3)]
    assert list(additions(range(4, 5), 5)) == []
    assert list(additions(range(6, 7), 7)) == []
    assert list(additions(range(4, 7), 7)) == [(5, 4, 5), (6, 4, 6)]


@pytest.mark.parametrize("count", range(1, 41))
def test_any_members_add_up_the_same_tree_and_overwrite_no_sum(count):
    """Each buffer holds a sum, written out; a lane may only begin in one that is free."""
    names = [f"g{lane}" for lane in range(count)]
    for members in range(1, 21):
        parts = shares(range(count), members)
        folded = folding(parts, count)
        held = [None] * folded.size

        def add(to, source, held=held):
            held[to], held[source] = f"({held[to]}+{held[source]})", None

        users = [set() for _ in range(folded.size)]
        for member, lanes in enumerate(parts):
            for lane in lanes:
                buffer = folded.buffers[lane]
                assert held[buffer] is None, (members, lane)
                held[buffer] = names[lane]
                users[buffer].add(member)
                for to, source in folded.after.get(lane, ()):
                    users[to].add(member)
                    users[source].add(member)
                    add(to, source)
        assert all(len(own) == 1 for own in users), "no member may touch another's buffers, or any be useless"
        for to, source in folded.across:
            add(to, source)
        assert held == [tree(names)] + [None] * (folded.size - 1)


def evenly(members):
    """Return which lanes each of so many members has of a number of lanes."""
    return lambda count: shares(range(count), members)


def test_few_buffers():
    """A member with 2^k lanes of its own needs k + 1, as a binary counter needs digits."""
    for count in (1, 2, 4, 8, 16, 32):
        for members in (1, 2, 4, 8, 16, 32):
            share = max(1, count // members)
            digits = share.bit_length()
            assert folding(shares(range(count), members), count).size == min(count, members) * digits
    assert [most_buffers(32, evenly(members)) for members in (1, 2, 4, 8, 16, 32)] == [6, 10, 16, 24, 32, 32]


@pytest.mark.parametrize("lanes", [1, 6, 18, 30, 32])
def test_there_are_buffers_enough_for_a_smaller_batch_too(lanes):
    """Also where that needs more: of 18 lanes, three members need 10, of 16 lanes 11."""
    for members in range(1, 21):
        sizes = [folding(shares(range(count), members), count).size for count in range(1, lanes + 1)]
        assert most_buffers(lanes, evenly(members)) == max(sizes)


def test_members_of_a_larger_whole_leave_their_sum_in_buffer_0():
    """Two of four members, which have the lanes 4 to 7 of 8: as on the second of two machines."""
    folded = folding([range(4, 6), range(6, 8)], 8)
    assert (folded.buffers[4], folded.size) == (0, 4)
    assert folded.after == {5: [(0, 1)], 7: [(2, 3)]}
    assert folded.across == [(0, 2)]
