"""The program that every member of a team runs: it carries out requests, each member its share of the pieces."""

from typing import assert_never

from graphnn.engine.crew import Crew
from graphnn.engine.handover import Handover
from graphnn.engine.inference import InferencePass
from graphnn.engine.requests import ComputeLossInputs, Evaluate, Predict, Request, TrainStep, Update
from graphnn.engine.training_pass import TrainingPass
from graphnn.engine.workers import Team
from graphnn.engine.workspace import Workspace
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array


class Program:
    """Training steps, passes in inference and updates of one graph with one set of parameters.

    batch_size: of the document, by which batches are cut. most: the largest number of samples in a training step. Every
    member of a team carries out the same requests in the same order.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, batch_size: int, most: int, seed: int, kernels: Kernels
    ) -> None:
        self._graph, self._parameters = graph, parameters
        workspace = self._workspace = Workspace(most, kernels)
        self.training = TrainingPass(graph, parameters, batch_size, seed, kernels, workspace)
        self.inference = InferencePass(graph, parameters, batch_size, kernels, workspace)
        self.updater: Updater | None = None
        self._team: Team | None = None
        self._handover: Handover | None = None
        self._copies: list[tuple[Array, Array]] = []

    def join(self, crew: Crew, handover: Handover) -> None:
        """Work with this crew from now on. A team of processes is forked after this call."""
        self._team, self._handover = crew.team, handover
        self.training.join(crew)
        self.inference.join(crew)

    def carry_out(self, request: Request) -> Array | None:
        """Carry out a request together with the other members; return its result, or None where it has none.

        Raises GraphError where a layer fails, DataError where samples cannot be prepared, in every member alike.
        """
        handover = self._handover
        assert handover is not None
        match request:
            case TrainStep(handed, epoch, step):
                return self.training.step(handover.batch(handed), epoch=epoch, step=step)
            case Evaluate(handed, inputs):
                out = handover.outputs(handed.count) if inputs else None
                return self.inference.evaluate(handover.batch(handed), out, alone=handed.alone)
            case Predict(count):
                self.inference.predict(handover.inputs(count), handover.outputs(count))
            case ComputeLossInputs(handed):
                out = handover.outputs(handed.count)
                self.inference.loss_inputs(handover.batch(handed), out, alone=handed.alone)
            case Update():
                self._update(request)
            case _:
                assert_never(request)
        return None

    def _update(self, request: Update) -> None:
        updater, team = self.updater, self._team
        assert updater is not None
        assert team is not None
        parts = updater.parts(request.members)
        team.run(lambda number: updater.update(parts[number], request.rates, request.step, request.epoch), len(parts))

    def unbind(self) -> None:
        """Forget what is bound to the memory of this thread.

        It refers to that memory, which refers to it. So once nobody has the program, all of its memory is freed at
        once, and not when Python looks for such circles: a loop over models would take that of dozens.
        """
        self._workspace.thread.bound.clear()

    def detach(self) -> None:
        """Replace, in a forked process, the arrays that every process writes by copies: only the first one's are used.

        These are the untrained parameters of batch-wise nodes, which `combine` may change in place, and the gradients
        of such nodes: a slow process may still write them when the first one has finished the step and changes them.
        """
        for node in self._graph.nodes:
            for parameter in node.parameters if node.layer.batchwise else ():
                if not parameter.trainable:
                    original = self._parameters.values[node.name][parameter.name]
                    copy = self._parameters.values[node.name][parameter.name] = original.copy(order="K")
                    self._copies.append((copy, original))
                else:
                    gradients = self._parameters.gradients[node.name]
                    gradients[parameter.name] = gradients[parameter.name].copy(order="K")

    def refresh(self) -> None:
        """Bring the copies of parameters that `detach` made up to date."""
        for copy, original in self._copies:
            copy[...] = original
