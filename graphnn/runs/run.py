"""TrainingRun: a training that saves its files, can be stopped and resumed, and prints its final figures."""

import time
from collections.abc import Mapping

import numpy as np

from graphnn.datasets.digest import TEST
from graphnn.engine.batch import SourceBatch
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError, GraphError, SpecError, WeightsError
from graphnn.evaluation.views import averaged_sums, check_averaged
from graphnn.graph.graph import Graph
from graphnn.metrics.figures import figure, label
from graphnn.optimizers.sections import optimizer_from, schedule_from
from graphnn.parameters.parameters import Parameters
from graphnn.runs.data import TrainingData
from graphnn.runs.files import RunFiles
from graphnn.runs.progress import Progress
from graphnn.runs.stopping import StopRequest
from graphnn.specification.spec import Spec
from graphnn.storage.weights import save_weights
from graphnn.text.terminal import complain, showable
from graphnn.training.checkpoint import RunSettings, State, save_checkpoint
from graphnn.training.divergence import check_figures
from graphnn.training.history import HistoryFile, Record
from graphnn.training.length import same_rates
from graphnn.training.metadata import weights_metadata
from graphnn.training.monitor import Watch
from graphnn.training.options import training_options
from graphnn.training.trainer import Trainer, evaluate

SHOWN_DIFFERENCES = 12


class TrainingRun:
    """A trainer with its files. As the trainer's observer it writes each epoch to disk before the next one starts."""

    def __init__(
        self,
        spec: Spec,
        graph: Graph,
        parameters: Parameters,
        engine: Engine,
        data: TrainingData,
        outputs: RunFiles,
        progress: Progress,
    ) -> None:
        self.spec, self.graph, self.parameters, self.engine = spec, graph, parameters, engine
        self.data, self.outputs, self.progress = data, outputs, progress
        self.settings = RunSettings(spec.resolved(), data.provenance.digests, data.limit, engine.kernels.name)
        self.trainer = Trainer(
            engine,
            optimizer_from(spec.optimizer),
            schedule_from(spec.optimizer.options["schedule"]),
            training_options(spec),
            data.training,
            data.validation,
            observer=self,
        )
        self._history: HistoryFile

    def resume(self, state: State, settings: RunSettings) -> None:
        """Continue from a checkpoint. Raises SpecError with the differences from the run that wrote it.

        Another number of epochs is no difference if the finished steps would have been the same with it. Raises
        WeightsError where the checkpoint was written within an epoch and has the sums of other metrics.
        """
        epochs, trainer = settings.document["training"]["epochs"], self.trainer
        same_steps = trainer.comes_to(state) and same_rates(
            self.spec.optimizer, epochs, trainer.options.epochs, trainer.steps_per_epoch, state.updates
        )
        ignore = {"training.epochs"} if same_steps else set[str]()
        ignore |= {TEST} if self.data.test is None else set()
        differences = settings.differences(self.settings, ignore=ignore)
        if differences:
            more = len(differences) - SHOWN_DIFFERENCES
            raise SpecError(
                f"{self.outputs.checkpoint}: this run was started with other settings and cannot be resumed so:",
                *(f"  {line}" for line in differences[:SHOWN_DIFFERENCES]),
                *([f"  and {more} more"] if more > 0 else []),
                "Undo the changes (repeat the --set options of the start), or start anew without --resume.",
            )
        size = self.graph.loss.layout(self.graph.output_shape).size
        if state.sums is not None and len(state.sums) != size:
            raise WeightsError(
                f"{self.outputs.checkpoint}: was written within epoch {state.epoch + 1} by a version with other "
                "metrics, whose sums cannot be continued; resume it with that version, or start anew without --resume"
            )
        trainer.restore(state)
        position = "its end" if trainer.finished else f"epoch {state.epoch + 1}, step {state.step + 1}"
        self.progress.line(f"Resumed at {position}.")

    def dry(self) -> None:
        """Run one batch forward and backward, and print the result; write nothing."""
        count = min(self.trainer.options.batch_size, len(self.data.training))
        start = time.perf_counter()
        sums = self.engine.train_step(SourceBatch(self.data.training, np.arange(count)), epoch=0, step=0)
        seconds = time.perf_counter() - start
        self.trainer.check_step(np.arange(count), sums)
        norm = float(np.linalg.norm(self.parameters.gradient.astype(np.float64)))
        loss = self.graph.summarise(sums, count)["loss"]
        parts = [f"{len(self.data.training):,} samples to train on"]
        parts += [f"{len(self.data.validation):,} to validate"] if self.data.validation else []
        parts += [f"{len(self.data.test):,} to test"] if self.data.test else []
        print(showable(f"Dry run: {', '.join(parts)}."))
        print(
            showable(
                f"One batch of {count:,}, forward and backward: loss {figure('loss', loss)}, "
                f"norm of the gradient {norm:.3g}, {seconds:.3f} s. Nothing was written."
            )
        )

    def complete(self, *, again: str | None) -> bool:
        """Train to the end, write the weights and print the final figures; return False where it was interrupted.

        again: the command that resumes, for messages; None: nothing is saved to resume from. Raises GraphError, with
        lines that say which weights exist.
        """
        validated = self.trainer.validation is not None
        records = self.trainer.history
        resolved = self.spec.resolved()
        with (
            StopRequest() as stop,
            self.outputs.open(resolved, self.graph.metrics, validated=validated, records=records) as history,
        ):
            self._history = history
            self.save_best()
            try:
                finished = self.trainer.run(stop)
            except GraphError as error:
                lines = self.weights_so_far()
                if again is not None and self.trainer.epoch and not isinstance(error, DivergenceError):
                    lines += ["To continue from there:", f"  {again}"]
                raise type(error)(*error.problems, *lines) from error
            finally:
                self.progress.close()
            if not finished:
                self.interrupted(again)
                return False
            if self.trainer.stopped_early:
                self.progress.line(stopped_early(self.trainer))
            with self.trainer.kept.final():
                try:
                    part, final = self.final_figures(stop)
                except DivergenceError as error:
                    raise DivergenceError(*error.problems, *self.weights_so_far()) from error
                if final is not None:
                    figures_by_part = {f"{part}{views}": figures for views, figures in final.items()}
                    self.outputs.finish(self.parameters.named(), self.metadata(self.last_kept, figures_by_part))
            if final is None:
                self.interrupted(again)
                return False
        best = best_text(self.trainer.kept.best)
        self.progress.line(f"{self.outputs.weights} written{f': the weights of {best}' if best else ''}.")
        for views, figures in final.items():
            for name, value in figures.items():
                print(showable(f"Final {part} {label(name)}{views}: {figure(name, value)}"))
        return True

    def final_figures(self, stop: StopRequest) -> tuple[str, Mapping[str, Mapping[str, float]] | None]:
        """Return the name of a part and the final figures on it; None for the figures where `stop` ends the run.

        The part is test; validation, where the test part is not used; or training, where there is no validation. The
        key of the figures is "", and " with flip", by the name of the views, for those of outputs that are averaged
        over views of test or validation images.
        """
        last = self.last_kept
        if self.data.test is not None:
            part, samples = "test", self.data.test
            sums = evaluate(self.engine, samples, stop)
            if sums is None:
                return part, None
            plain: Mapping[str, float] = self.graph.summarise(sums, len(samples))
            check_figures(self.engine, samples, plain, "over the test part, after the last epoch,")
        elif self.data.validation is not None and last.validation is not None:
            part, samples, plain = "validation", self.data.validation, last.validation
        else:
            return "training", {"": last.training}
        views = self.spec.evaluation["test_time_augmentation"]
        if views == "none":
            return part, {"": plain}
        sums = averaged_sums(self.engine, samples, views, stop)
        if sums is None:
            return part, None
        averaged = self.graph.summarise(sums, len(samples))
        check_averaged(self.engine, samples, views, averaged, f"over the {part} part, after the last epoch,")
        return part, {"": plain, f" with {views}": averaged}

    @property
    def last_kept(self) -> Record:
        """The record of the epoch whose weights are kept: the best if the document asks for it, else the last."""
        return self.trainer.kept.record or self.trainer.history[-1]

    def weights_so_far(self) -> list[str]:
        """Return lines that say which weights exist while the run is unfinished."""
        return self.outputs.weights_so_far(self.trainer.epoch, best=best_text(self.trainer.kept.best))

    def interrupted(self, again: str | None) -> None:
        """Save a checkpoint, and print how to resume from it."""
        trainer = self.trainer
        epoch, steps = f"in epoch {trainer.epoch + 1} of {trainer.options.epochs}", trainer.steps_in_epoch
        position = "after the last epoch" if trainer.finished else f"{epoch}, after step {trainer.step} of {steps}"
        if again is None:
            complain(f"Interrupted {position}; nothing was kept.")
            return
        if not trainer.finished:
            self.check_state()
        save_checkpoint(self.outputs.checkpoint, trainer.state(), self.settings)
        lines = [
            f"Interrupted {position}; saved in {self.outputs.checkpoint}.",
            *self.weights_so_far(),
            "To continue, with the same result as without the interruption:",
            f"  {again}",
        ]
        complain(showable("\n".join(lines)))

    def check_state(self) -> None:
        """Raise DivergenceError where the state is not finite, so that it does not replace the last one that was."""
        try:
            self.trainer.check_parameters()
        except DivergenceError as error:
            raise DivergenceError(*error.problems, *self.weights_so_far()) from error

    def metadata(self, record: Record, final: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
        """Return the metadata of a file with the weights after the epoch of `record`. final: figures by part."""
        figures = {"training": record.training} | ({"validation": record.validation} if record.validation else {})
        return weights_metadata(
            self.spec.resolved(),
            classes=self.data.classes,
            normalisation=self.data.normalisation.to_json(),
            data=self.data.provenance.to_json(),
            metrics={"epochs": min(record.epoch, self.trainer.options.epochs), **figures, **final},
        )

    def step_done(self, trainer: Trainer) -> None:
        """Show the step."""
        self.progress.step_done(trainer)

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        """Write the epoch to disk, then show it."""
        self._history.append(record)
        with trainer.kept.validated():
            save_weights(self.outputs.last, self.parameters.named(), self.metadata(record, {}))
        if trainer.kept.record in (record, None):
            self.save_best()
        save_checkpoint(self.outputs.checkpoint, trainer.state(), self.settings)
        self.progress.epoch_done(trainer, record)

    def save_best(self) -> None:
        """Write the weights of the best epoch so far; delete the file of an earlier run while there is none."""
        record = self.trainer.kept.record
        if record is not None:
            with self.trainer.kept.final():
                save_weights(self.outputs.best, self.parameters.named(), self.metadata(record, {}))
        elif self.trainer.epoch:
            self.outputs.best.unlink(missing_ok=True)


def best_text(best: Watch | None) -> str | None:
    """Return the best epoch in words: epoch 7, the best validation accuracy, 98.10%; None where there is none."""
    if best is None or best.best is None:
        return None
    value = figure(best.metric, best.value(best.best))
    return f"epoch {best.best.epoch}, the best validation {label(best.metric)}, {value}"


def stopped_early(trainer: Trainer) -> str:
    """Return the line that says why the run has ended before its last epoch."""
    watch = trainer.watch
    assert watch is not None
    waited = "1 validation" if watch.waited == 1 else f"{watch.waited} validations"
    name, best = label(watch.metric), watch.best
    than = "" if best is None else f" than {figure(watch.metric, watch.value(best))} of epoch {best.epoch}"
    return f"Stopped early after epoch {trainer.epoch}: no better validation {name}{than} in {waited}."
