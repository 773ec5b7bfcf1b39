"""The MD5 of the IDX files of data sets that share the names of their files, without compression: what each is.

Those of MNIST are of the files at its mirrors, as unpacked; those of Fashion-MNIST are widely published beside the MD5
of its gzipped files, as in the loaders of several libraries.
"""

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
CHECKSUMS = {
    "MNIST": (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    "Fashion-MNIST": (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
}


def checksums_of(title: str) -> dict[str, str]:
    """Return the MD5 of each file of a data set by its name. title: of the data set."""
    return dict(zip(NAMES, CHECKSUMS[title], strict=True))


def title_of(checksum: str) -> str | None:
    """Return the title of the data set that has a file of this MD5, None where none is known."""
    return next((title for title, known in CHECKSUMS.items() if checksum in known), None)
