"""What the ranks of a job must have in common to train together, and what is said where they have not."""

import json
import platform
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from threadpoolctl import threadpool_info

from graphnn.engine.plan import Plan
from graphnn.errors import GraphError
from graphnn.runs.data import TrainingData
from graphnn.runs.reading import DocumentSource
from graphnn.specification.differences import differences
from graphnn.specification.spec import Spec
from graphnn.version import __version__

INSTALLED = (("version", "graphnn"), ("numpy", "numpy"), ("BLAS", "BLAS"))


class RefusedRanks(GraphError):
    """The ranks cannot train together; every rank raises it."""


def facts_of(source: DocumentSource, spec: Spec, data: TrainingData, kernels: str) -> dict[str, Any]:
    """Return what a rank says of itself. kernels: the name of those that it has chosen; "" where it has not."""
    blas: dict[str, Any] = next((each for each in threadpool_info() if each["user_api"] == "blas"), {})
    return {
        "version": __version__,
        "numpy": version("numpy"),
        "BLAS": f"{blas.get('internal_api', 'unknown')} {blas.get('version', '')}",
        "numba": installed("numba"),
        "kernels": kernels,
        "document": json.loads(json.dumps(spec.resolved())),
        "plugins": [blake2b(each.read_bytes(), digest_size=8).hexdigest() for each in source.plugins],
        "digests": dict(data.provenance.digests),
        "limit": data.limit,
        "samples": [len(part) for part in data.parts],
        "processor": blas.get("architecture", ""),
    }


def installed(package: str) -> str:
    """Return the version of a package; "" where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def machine() -> str:
    """Return the name of this machine."""
    return platform.node()


def check_equal(where: str, first: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Raise RefusedRanks where a rank differs from the first in what all must have in common."""
    if "problem" in other:
        raise RefusedRanks(f"{where}: {other['problem']}")
    for name, called in (*INSTALLED, *([("numba", "numba")] if first["kernels"] == "numba" else [])):
        if other[name] != first[name]:
            has = f"has {called} {other[name]}" if other[name] else f"does not have {called}"
            raise RefusedRanks(f"{where}: {has}, and rank 0 has {first[name]}; install the same")
    found = [each.text("at rank 0", "there") for each in differences(first["document"], other["document"])]
    if found:
        raise RefusedRanks(
            f"{where}: has another document than rank 0: {found[0]}; give all ranks the same file and options"
        )
    if other["plugins"] != first["plugins"]:
        raise RefusedRanks(f"{where}: has other plugins than rank 0; give all ranks the same files with --plugin")
    for key in sorted(first["digests"].keys() | other["digests"].keys()):
        if other["digests"].get(key) != first["digests"].get(key):
            raise RefusedRanks(f"{where}: has other data than rank 0 ({key}); give all ranks the same files")
    if (other["limit"], other["samples"]) != (first["limit"], first["samples"]):
        raise RefusedRanks(f"{where}: uses other samples than rank 0; give all ranks the same options")


def check_count(size: int, plan: Plan) -> None:
    """Raise RefusedRanks where `size` ranks cannot share out the blocks of a batch evenly."""
    lanes, batch = plan.cut.lanes, f"a batch of {plan.cut.batch_size:,}"
    if lanes == 1:
        raise RefusedRanks(
            f"this network is too small for several ranks: {batch} is one block; train it without mpirun"
        )
    if lanes % size:
        counts = [str(count) for count in range(2, lanes + 1) if lanes % count == 0]
        use = f"{', '.join(counts[:-1])} or {counts[-1]}" if len(counts) > 1 else counts[0]
        raise RefusedRanks(
            f"{size} ranks cannot share {batch} evenly, which is cut into {lanes} blocks: start {use}, with more "
            "--threads each"
        )
