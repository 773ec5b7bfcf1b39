"""The report of an export: what was written, and how far it is from what graphnn says."""

from graphnn.exporting.agreement import Agreement
from graphnn.exporting.base import Exported
from graphnn.reports.kinds import BYTES, COUNT, DIFFERENCE
from graphnn.reports.report import Column, Fact, Facts, Report, Table

ROWS = (Column("file", key="file"), Column("bytes", COUNT, key="bytes"))


def export_report(target: str, exported: Exported, agreed: Agreement | None, compared_on: str) -> Report:
    """Return the report of one export. compared_on: the samples of the comparison, in words."""
    files = [(str(file), file.stat().st_size) for file in exported.files]
    facts = [Fact(name, size, BYTES) for name, size in files]
    facts += exported.facts
    if agreed is not None:
        facts.append(Fact("largest difference", agreed.difference, DIFFERENCE))
        if agreed.same is not None:
            facts.append(Fact("same class", f"{agreed.same:,} of {agreed.samples:,}"))
        facts.append(Fact("compared on", compared_on))
    data = {
        "target": target,
        "files": [{"file": name, "bytes": size} for name, size in files],
        **{fact.label.replace(" ", "_"): fact.kind.plain(fact.value) for fact in exported.facts},
        "compared": None
        if agreed is None
        else {
            "on": compared_on,
            "samples": agreed.samples,
            "largest_difference": agreed.difference,
            "same_class": agreed.same,
        },
    }
    return Report([Facts(facts)], data, rows=Table(ROWS, files))
