"""How a model is shown: in one line, as the table of its layers, and by the curves of its training."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from graphnn.describe.describe import describe
from graphnn.describe.report import description_report
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.model.definition import Definition
from graphnn.model.history import History
from graphnn.reports.formats import render
from graphnn.reports.kinds import SHAPE
from graphnn.reports.notebook import notebook_html
from graphnn.reports.report import Column, Part, Remark, Report, Row, Table
from graphnn.types import shape_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PrettyPrinter(Protocol):
    """What IPython hands to values that write themselves."""

    def text(self, text: str) -> None:
        """Write a text."""


class ShownLines(str):
    """Text that is shown as its lines, not as one with escapes in it, where a value is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: PrettyPrinter, cycle: bool) -> None:
        """Write the text for IPython, which does not ask texts for their repr."""
        printer.text(str(self))


class Displayed(Definition):
    """A definition that can be shown, with the history of its fits."""

    @abstractmethod
    def _graph(self) -> Graph:
        """Return the graph. Raises GraphError where the layers do not make a whole network yet."""

    @cached_property
    def history(self) -> History:
        """A record of each epoch of all fits."""
        return History()

    def summary(self) -> str:
        """Return the table of layers, shapes, parameters, work and memory that `inspect` prints.

        It need not be printed: where a notebook or the Python prompt shows a value, its lines are shown.
        """
        return ShownLines(render(self._report(self._graph())))

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the curves of all fits, which a notebook shows.

        Raises GraphError where matplotlib is not installed, or where no epoch was trained.
        """
        from graphnn.plots.saving import check_matplotlib

        check_matplotlib()
        from graphnn.plots.curves import Curve, draw_curves

        if not self.history:
            raise GraphError("there are no curves to draw yet: fit first")
        records = [replace(record, epoch=number) for number, record in enumerate(self.history, start=1)]
        return draw_curves([Curve(name=self.name, records=records)])

    def __repr__(self) -> str:
        return f"<Model {self._line(self._graph_or_problem())}>"

    def _repr_html_(self) -> str:
        """Return the table of `summary`, which a notebook shows; before the network is whole, its layers so far."""
        found = self._graph_or_problem()
        parts: list[Part] = [Remark(self._line(found))]
        if isinstance(found, Graph):
            parts += self._report(found).parts
        elif self.layers:
            columns = [Column("#"), Column("type"), Column("output shape", SHAPE)]
            parts += [Table(columns, list(self._rows())), Remark(f"not a whole network yet: {found}")]
        return notebook_html(Report(parts))

    def _graph_or_problem(self) -> Graph | GraphError:
        try:
            return self._graph()
        except GraphError as problem:
            return problem

    def _line(self, found: Graph | GraphError) -> str:
        """Return the model in one line: digits: 9 layers, 1×8×8 → 10, 9,930 parameters, 15 epochs trained."""
        if self.input_shape is None:
            return f"{self.name}: no layers yet"
        known = [counted(len(self.layers), "layer")]
        known.append(f"{shape_text(self.input_shape)} → {shape_text(self.output_shape or ())}")
        if isinstance(found, Graph):
            known.append(counted(parameters(found), "parameter"))
        known.append(f"{counted(len(self.history), 'epoch')} trained" if self.history else "not trained here")
        return f"{self.name}: {', '.join(known)}"

    def _report(self, graph: Graph) -> Report:
        return description_report(describe(self.spec(), graph))

    def _rows(self) -> Iterator[Row]:
        """Yield a row for each layer."""
        shape = self.input_shape or ()
        for number, layer in enumerate(self.layers):
            shape = layer.output_shape(shape)
            yield str(number), layer.type, shape


def parameters(graph: Graph) -> int:
    """Return the number of all parameters, trained or not."""
    return sum(parameter.size for node in graph.nodes for parameter in node.parameters)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 layer, 1,200 layers."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
