"""The report of an import: what was written, and how far it is from what the file computes."""

from pathlib import Path

from graphnn.importing.onnx.imported import Imported
from graphnn.reports.kinds import BYTES, COUNT, DIFFERENCE
from graphnn.reports.report import Column, Fact, Facts, Report, Table

ROWS = (Column("file", key="file"), Column("bytes", BYTES, key="bytes"))


def import_report(imported: Imported, files: tuple[Path, ...]) -> Report:
    """Return the report of an import. files: that were written."""
    verified = imported.verified
    sizes = [(str(file), file.stat().st_size) for file in files]
    parameters = sum(array.size for array in imported.arrays.values())
    layers = sum(1 for _ in imported.spec.every_layer)
    compared = f"{verified.samples} random samples, by {verified.by}"
    facts = [
        *(Fact(name, size, BYTES) for name, size in sizes),
        Fact("layers", layers, COUNT),
        Fact("parameters", parameters, COUNT),
        Fact("largest difference", verified.difference, DIFFERENCE),
        Fact("compared on", compared),
    ]
    data = {
        "files": [{"file": name, "bytes": size} for name, size in sizes],
        "layers": layers,
        "parameters": parameters,
        "compared": {"samples": verified.samples, "largest_difference": verified.difference, "by": verified.by},
        "notes": list(imported.notes),
    }
    return Report([Facts(facts)], data, rows=Table(ROWS, sizes))
