"""What arrays in an .npz archive can be called."""

LONGEST_NAME = 2**16 - 1 - len(".npy")  # bytes; a zip archive stores the lengths of names in 16 bits


def member_problem(name: str) -> str | None:
    """Return why an array cannot have this name in an .npz file, on any system; None where it can."""
    if not name or name.startswith("/") or "\\" in name or "\0" in name:
        return "it is empty, begins with a slash, or has a backslash or a null character"
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "it has half of a surrogate pair, which is no character"
    return None if length <= LONGEST_NAME else f"it takes {length:,} bytes, of which there is room for {LONGEST_NAME:,}"
