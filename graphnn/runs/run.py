"""TrainingRun: a training that saves its files, can be stopped and resumed, and prints its final figures."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.datasets.digest import TEST
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError, GraphError, SpecError, WeightsError
from graphnn.graph.graph import Graph
from graphnn.metrics.figures import figure
from graphnn.optimizers.sections import optimizer_from, schedule_from
from graphnn.parameters.parameters import Parameters
from graphnn.runs.data import TrainingData
from graphnn.runs.facts import DIVERGED, FAILED, INTERRUPTED
from graphnn.runs.final_figures import final_figures, final_label
from graphnn.runs.guessing import note_of_guessing
from graphnn.runs.open_run import OpenRun
from graphnn.runs.place import RunPlace
from graphnn.runs.progress import Progress
from graphnn.runs.resumable import bound_to_length, how_to_continue, obstacles
from graphnn.runs.run_words import best_text, figures_of, stopped_early
from graphnn.runs.side_products import SideProduct, SideProducts
from graphnn.runs.stopping import StopRequest
from graphnn.specification.spec import Spec
from graphnn.storage.weights import save_weights
from graphnn.text.shell import file_word
from graphnn.text.terminal import complain, note, showable
from graphnn.training.checkpoint import RunSettings, State
from graphnn.training.history import Record
from graphnn.training.metadata import weights_metadata
from graphnn.training.observer import Observer
from graphnn.training.options import training_options
from graphnn.training.trainer import Trainer

SHOWN_OBSTACLES = 12
SAVED_EVERY = 120.0  # seconds from one checkpoint to the next within an epoch


def trainer_of(spec: Spec, engine: Engine, data: TrainingData, observer: Observer | None = None) -> Trainer:
    """Return the trainer of a document. Raises as Trainer does."""
    return Trainer(
        engine,
        optimizer_from(spec.optimizer),
        schedule_from(spec.optimizer.options["schedule"]),
        training_options(spec),
        data.training,
        data.validation,
        observer=observer,
    )


class TrainingRun:
    """A trainer with its files. As the trainer's observer it writes each epoch to disk before the next one starts."""

    def __init__(
        self,
        spec: Spec,
        graph: Graph,
        parameters: Parameters,
        engine: Engine,
        data: TrainingData,
        place: RunPlace,
        progress: Progress,
        outputs: Sequence[SideProduct] = (),
        stop: StopRequest | None = None,
    ) -> None:
        self.stop = StopRequest() if stop is None else stop
        self.outputs = SideProducts(outputs)
        self.spec, self.graph, self.parameters, self.engine = spec, graph, parameters, engine
        self.data, self.place, self.progress = data, place, progress
        self.settings = RunSettings(spec.resolved(), data.provenance.digests, data.limit, engine.kernels.name)
        self.trainer = trainer_of(spec, engine, data, observer=self)
        self.files: OpenRun
        self._goes_on = ""  # what a new run that goes on from a finished one says of it
        self._saved = 0.0  # when the last checkpoint was written, by time.monotonic

    def resume(self, state: State, settings: RunSettings) -> None:
        """Continue from a checkpoint. Raises SpecError with the changes that stand against it, and why they do.

        Raises WeightsError where the checkpoint was written within an epoch and has the sums of other metrics.
        """
        trainer, run = self.trainer, self.place.resumed or self.place.goes_on_from
        source = "" if run is None else run.checkpoint
        unused = {TEST} if self.data.test is None else set[str]()
        found = obstacles(state, settings, self.settings, self.spec, trainer, unused=unused)
        if found:
            more = len(found) - SHOWN_OBSTACLES
            raise SpecError(
                f"{'' if run is None else run.path}: this run was started with other settings and cannot be continued "
                "with these:",
                *(problem.without_source() for problem in found[:SHOWN_OBSTACLES]),
                *([f"and {more} more"] if more > 0 else []),
                *how_to_continue(run, edited=all(problem.line is not None for problem in found)),
            )
        size = self.graph.loss.layout(self.graph.output_shape, training=True).size
        if state.sums is not None and len(state.sums) != size:
            raise WeightsError(
                f"{source}: was written within epoch {state.epoch + 1} by a version with other "
                "metrics, whose sums cannot be continued; resume it with that version, or start anew without --resume"
            )
        trainer.restore(state, file=source)
        if trainer.finished and self.place.goes_on_from is not None:
            ended, bound = self.place.goes_on_from, bound_to_length(self.spec, trainer, state.updates)
            advice = (
                f"go on with more, for example --set training.epochs={2 * trainer.epoch}, or start anew without "
                "--resume"
                if bound is None
                else f"{bound} made for these epochs; train anew with more, or from its weights: --init-from "
                f"{file_word(ended.weights)}"
            )
            raise WeightsError(f"{ended.path}: this run is finished, after epoch {trainer.epoch}; {advice}")
        position = "its end" if trainer.finished else f"epoch {state.epoch + 1}, step {state.step + 1}"
        if self.place.goes_on_from is not None:
            self._goes_on = f", goes on from run {self.place.goes_on_from.number} at {position}"
        else:
            self.progress.line(f"Resumed at {position}{'' if run is None else f': run {run.number}, in {run.path}'}.")

    def complete(self) -> bool:
        """Train to the end, write the weights and print the final figures; return False where it was interrupted.

        Raises GraphError, with lines that say which weights exist.
        """
        opened = self.place.opened(
            self.spec,
            self.settings,
            samples=self.trainer.length.total_samples,
            metrics=self.graph.training_metrics,
            validated=() if self.trainer.validation is None else self.graph.metrics,
            records=self.trainer.history,
            log=self.progress.log,
        )
        with self.stop as stop, opened as self.files:
            with self.ending():
                figures = self.trained(stop)
            if figures is None:
                return False
            weights = self.hand_over(figures)
            said, problems = self.outputs.end(self.files, self.trainer.history)
            for sentence in said:
                self.progress.line(sentence)
            for part, each in figures.items():
                for name, value in each.items():
                    self.progress.result(f"Final {final_label(part, name)}: {figure(name, value)}")
            if self.place.after is not None:
                for line in self.place.after(weights, self.data.takes):
                    self.progress.line(line)
        if problems:
            raise GraphError(*problems)
        return True

    def trained(self, stop: StopRequest) -> Mapping[str, Mapping[str, float]] | None:
        """Train to the end, and write the weights into the run's folder; return the final figures, by part and views.

        None where `stop` ended the run early.
        """
        if self.files.folder != self.place.resumed:
            self.progress.line(f"Run {self.files.folder.number}, in {self.files.folder.path}{self._goes_on}.")
        self.save_best()
        self._saved = time.monotonic()
        self.outputs.update(self.files, self.trainer.history)
        try:
            self.progress.begin(self.trainer)
            finished = self.trainer.run(stop)
        finally:
            self.progress.close()
        figures = None
        if finished:
            if self.trainer.stopped_early:
                self.progress.line(stopped_early(self.trainer))
            with self.trainer.kept.final():
                figures = final_figures(self.engine, self.spec, self.data, self.last_kept, stop)
                if figures is not None:
                    weights, meta = self.files.folder.weights, self.metadata(self.last_kept, figures)
                    save_weights(weights, self.parameters.named(), meta)
        if figures is None:
            self.interrupted(stop)
        return figures

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """A context in which an error ends the run: its facts say so, and the error gets lines on what there is."""
        try:
            yield
        except GraphError as error:
            diverged = isinstance(error, DivergenceError)
            lines, go_on = self.weights_so_far(), list[str]()
            if self.place.again is not None and self.files.folder.checkpoint.is_file() and not diverged:
                go_on = ["To continue from there:", f"  {self.place.again(self.files.folder.number)}"]
            with contextlib.suppress(WeightsError):  # the disk may be full; the error that is raised says so
                self.files.end(DIVERGED if diverged else FAILED, message=str(error), **self.done())
            lines += self.outputs.lines(self.files, self.trainer.history)
            raise type(error)(*error.problems, *lines, *go_on) from error

    def weights_so_far(self) -> list[str]:
        """Return lines that say which weights there are while the run is unfinished."""
        place = self.place.destination
        before = place is not None and place.weights.exists()
        lines = self.files.weights_so_far(self.trainer.epoch)
        return [*lines, f"{place.weights} is as it was before this run."] if place is not None and before else lines

    def done(self) -> dict[str, Any]:
        """Return the facts on what was done so far."""
        history = self.trainer.history
        figures = {part: each for record in history for part, each in figures_of(record).items()}
        return {"done": self.trainer.epoch, "seconds": sum(each.seconds for each in history), "figures": figures}

    def hand_over(self, figures: Mapping[str, Mapping[str, float]]) -> Path:
        """Put the weights where other commands find them, write the facts of the finished run, and return the place."""
        destination, run = self.place.destination, self.files.folder
        done = {**self.done(), "figures": {**figures_of(self.last_kept), **figures}}
        stays = None
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(self.files.finish, **done)
                if destination is not None:
                    stays = destination.receive(run, self.files.facts, self.settings.document, self.place.store)
        except WeightsError as error:
            raise WeightsError(*error.problems, f"{run.weights} holds the weights of the finished run.") from error
        best = best_text(self.trainer.kept.best)
        place = run.weights if destination is None or stays is not None else destination.weights
        self.progress.line(f"{place} written by run {run.number}{f': the weights of {best}' if best else ''}.")
        if stays is not None:
            self.progress.remark(stays)
        return place

    @property
    def last_kept(self) -> Record:
        """The record of the epoch whose weights are kept: the best if the document asks for it, else the last."""
        return self.trainer.kept.record or self.trainer.history[-1]

    def interrupted(self, stop: StopRequest) -> None:
        """Save a checkpoint, and print how to resume from it, which `stop` does not stop."""
        trainer, again = self.trainer, self.place.again
        epoch, steps = f"in epoch {trainer.epoch + 1} of {trainer.options.epochs}", trainer.steps_in_epoch
        position = "after the last epoch" if trainer.finished else f"{epoch}, after step {trainer.step} of {steps}"
        if again is None:
            stop.over()
            complain(f"Interrupted {position}; nothing was kept.")
            return
        if not trainer.finished:
            trainer.check_parameters()  # a state that is not finite does not replace the last one that was
        self.files.save_checkpoint(trainer.state(), self.settings)
        self.files.end(INTERRUPTED, **self.done())
        stop.over()
        if stop.silent:
            return
        lines = [
            f"Interrupted {position}; saved in {self.files.folder.path}.",
            *self.weights_so_far(),
            *self.outputs.lines(self.files, trainer.history),
            "To continue, with the same result as without the interruption:",
            f"  {again(self.files.folder.number)}",
        ]
        complain(showable("\n".join(lines)))

    def metadata(self, record: Record, final: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
        """Return the metadata of a file with the weights after the epoch of `record`. final: figures by part."""
        return weights_metadata(
            self.spec.resolved(),
            classes=self.data.classes,
            normalisation=self.data.normalisation.to_json(),
            data=self.data.provenance.to_json(),
            kernels=self.settings.kernels,
            loss=self.graph.loss,
            metrics={"epochs": min(record.epoch, self.trainer.options.epochs), **figures_of(record), **final},
        )

    def step_done(self, trainer: Trainer) -> None:
        """Show the step; in a long epoch, save the state now and then."""
        self.progress.step_done(trainer)
        if time.monotonic() - self._saved >= SAVED_EVERY and trainer.step < trainer.steps_in_epoch:
            trainer.check_parameters()
            self.save_state(trainer)

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Write the epoch to disk, then show it."""
        self.files.append(record)
        with trainer.kept.validated():
            self.files.save_last(self.parameters.named(), self.metadata(record, {}))
        if trainer.kept.record in (record, None):
            self.save_best()
        self.save_state(trainer)
        self.progress.epoch_done(trainer, record)
        self.outputs.update(self.files, trainer.history)
        text = note_of_guessing(
            trainer.history, self.graph, trainer.training, trainer.validation, trainer.steps_per_epoch
        )
        if text is not None:
            note(text)

    def save_state(self, trainer: Trainer) -> None:
        """Write the checkpoint."""
        self.files.save_checkpoint(trainer.state(), self.settings)
        self._saved = time.monotonic()

    def save_best(self) -> None:
        """Write the weights of the best epoch so far, if the document keeps the best; else there are none."""
        record = self.trainer.kept.record
        if self.trainer.kept.best is None:
            self.files.remove_best()
        elif record is not None:
            with self.trainer.kept.final():
                self.files.save_best(self.parameters.named(), self.metadata(record, {}))
