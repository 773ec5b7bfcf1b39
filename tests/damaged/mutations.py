"""Random damage to the bytes of a file, and to the parts of a zip archive."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator


def flip(content: bytes, random: random.Random) -> bytes:
    """Return the bytes with one to four of them changed."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] ^= random.randint(1, 255)
    return bytes(changed)


def cut(content: bytes, random: random.Random) -> bytes:
    """Return the bytes up to a random place."""
    return content[: random.randrange(len(content))]


def insert(content: bytes, random: random.Random) -> bytes:
    """Return the bytes with a few more at a random place."""
    place = random.randrange(len(content) + 1)
    return content[:place] + random.randbytes(random.randint(1, 40)) + content[place:]


def drop(content: bytes, random: random.Random) -> bytes:
    """Return the bytes without a few of them."""
    start = random.randrange(len(content))
    return content[:start] + content[start + random.randint(1, 40) :]


def repeat(content: bytes, random: random.Random) -> bytes:
    """Return the bytes with a part of them copied over another place."""
    source, target = random.randrange(len(content)), random.randrange(len(content))
    part = content[source : source + random.randint(1, 40)]
    return content[:target] + part + content[target + len(part) :]


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, cut, insert, drop, repeat)


def damaged(content: bytes, seed: int) -> bytes:
    """Return the bytes damaged in one way, which `seed` chooses, but not the same bytes."""
    chooser = random.Random(seed)
    while True:
        changed = chooser.choice(BYTES)(content, chooser)
        if changed != content:
            return changed


def damaged_archive(content: bytes, seed: int) -> bytes:
    """Return a zip archive damaged in one way, which `seed` chooses.

    Half of the time its bytes are; else the members, or their names and order, in an archive with right checksums.
    """
    chooser = random.Random(seed)
    if chooser.random() < 0.5:
        return damaged(content, seed)
    members = list(read_members(content))
    while True:
        changed = changed_members(members, chooser)
        if changed != members:
            return written(changed)


Members = list[tuple[str, bytes]]


def changed_members(members: Members, random: random.Random) -> Members:
    """Return the members of an archive with one change."""
    place, other = random.randrange(len(members)), random.randrange(len(members))
    name, data = members[place]
    changed = list(members)
    kind = random.choice(("bytes", "header", "header", "digits", "name", "swap names", "order", "remove", "twice"))
    if kind == "bytes":
        changed[place] = name, random.choice(BYTES)(data, random)
    elif kind == "header":
        changed[place] = name, flip(data[:128], random) + data[128:]
    elif kind == "digits":
        changed[place] = name, other_digit(data, random)
    elif kind == "name":
        changed[place] = random.choice((name[:-5], name.upper(), f"{name}.npy", f"x/{name}", "a.npy", "\n.npy")), data
    elif kind == "swap names":
        changed[place], changed[other] = (members[other][0], data), (name, members[other][1])
    elif kind == "order":
        changed[place], changed[other] = members[other], members[place]
    elif kind == "remove":
        del changed[place]
    else:
        changed.append((random.choice((name, f"{name}.npy", "b.npy")), data))
    return changed


def other_digit(data: bytes, random: random.Random) -> bytes:
    """Return the bytes with one ASCII digit replaced by another, or by a minus; the same where there is none."""
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    place = random.choice(places)
    return data[:place] + random.choice(b"0123456789-").to_bytes() + data[place + 1 :]


def read_members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each member of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            yield info.filename, archive.read(info)


def written(members: Members) -> bytes:
    """Return an archive with these members, in this order; two of them may have one name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is, and without zipfile's warning where it is there already
            archive.NameToInfo.pop(name, None)
            archive.writestr(info, data)
    return buffer.getvalue()
