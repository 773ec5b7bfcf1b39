"""Model: a network built in Python, layer by layer, and trained on arrays; it can be written as a document."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.augmentation.base import augmentations_from
from graphnn.averaging.base import Averaging
from graphnn.datasets.base import facts_of
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.describe.describe import training_bytes
from graphnn.describe.kernels import document_kernels
from graphnn.describe.limits import refuse_inference, refuse_too_large
from graphnn.engine.engine import Engine
from graphnn.engine.inference import CHUNK
from graphnn.engine.plan import kernels_for, training_work
from graphnn.errors import DataError, GraphError
from graphnn.evaluation.prediction import finite_outputs
from graphnn.evaluation.views import averaged_sums, check_averaged
from graphnn.graph.build import build_graph
from graphnn.graph.class_weights import has_class_weights, is_open, recorded, with_class_weights
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise, needs_images, unset
from graphnn.initializers.base import IMAGES
from graphnn.kernels.choice import is_there
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Layer
from graphnn.model.arrays import check_scale, checked_inputs, checked_samples, in_form
from graphnn.model.definition import BATCH_SIZE
from graphnn.model.history import History
from graphnn.model.interruption import Interruption
from graphnn.model.progress_bar import ProgressBar, is_watched
from graphnn.model.saving import Saved
from graphnn.model.sections import argument_values
from graphnn.model.undoing import unchanged_by_errors
from graphnn.optimizers.sections import schedule_from
from graphnn.parameters.parameters import Parameters
from graphnn.storage.weights import assign, class_names, load_weights
from graphnn.training.divergence import check_figures
from graphnn.training.monitor import EarlyStopping
from graphnn.training.observer import Observer
from graphnn.training.options import training_options
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer
from graphnn.training.validation import evaluate
from graphnn.types import Array


class Model(Saved):
    """A network with a loss, an optimizer, and layers in sequence, which `add` appends.

    loss, optimizer: such as CrossEntropy() and Adam(). schedule: of the learning rate; constant by default. groups:
    parameters with other training settings than the rest. name, description: as in a document. normalize: how inputs
    are normalised before the first layer, as in a document, but "none" by default; the constants are computed from the
    training data of the first fit, or loaded with the weights. augment: random changes to training images, in order,
    such as RandomFlip(), or as in a document. targets: "inputs" for an autoencoder, as in a document: fit and evaluate
    take no y then. seed: of the initial weights and of all random numbers in training. dtype: the precision, "float32",
    or "float64" for checks; see below. history: a record of each epoch of all fits. Inputs are N×C×H×W or N×F, of the
    model's input_shape, or such that flattening gives it. Raises GraphError where an argument is of another kind.

    In float64 everything is computed in it, from normalised inputs to predictions, but for the augmentation of images.
    The compiled operations are for float32 only, so those of numpy take their place. `save` writes float32, and
    `summary` states the memory in float32.
    """

    _fits = 0

    def add(self, layer: Layer) -> None:
        """Add a layer after the last one. The first layer must have an input_shape.

        Raises SpecError where a setting of the layer is wrong, ShapeError where it cannot take its input, and
        GraphError where the model has weights already.
        """
        if self._network is not None:
            raise GraphError("the weights exist already, so no layer can be added; make a new Model")
        super().add(layer)

    @unchanged_by_errors("_fit_training", "_fit_evaluation", "_normalisation", "_network")
    def fit(
        self,
        x_train: Any,
        y_train: Any = None,
        batch_size: int = BATCH_SIZE,
        epochs: float = 1,
        x_valid: Any = None,
        y_valid: Any = None,
        *,
        drop_last: bool | None = None,
        averaging: Averaging | None = None,
        early_stopping: EarlyStopping | None = None,
        keep_best: str | None = None,
        evaluate_every: int | None = None,
        threads: int | None = None,
        observer: Observer | None = None,
        progress: bool | None = None,
    ) -> History:
        """Train, and return a record of each epoch: losses and metrics, learning rate, seconds.

        x_train, x_valid: inputs before normalisation. y_train, y_valid: labels (N), or targets N×K; none where the
        targets are the inputs. Without x_valid there is no validation. epochs: not necessarily whole, such as 2.5.
        drop_last, averaging, early_stopping, keep_best: as in the section `training` of a document; evaluate_every: as
        `every` in `evaluation`; those left out are as in the document that the model was read from, if any. observer:
        called after each step and epoch. progress: whether a bar is drawn, in a terminal or a notebook; by default it
        is where there is no observer. A further fit starts from the weights of the last one, with a new state of the
        optimizer and of the schedule. Raises SpecError where a setting is wrong, ShapeError where the parts of the
        model do not fit, DataError where the arrays do not, and DivergenceError where the loss or a gradient is no
        longer finite. After any of them the model is as it was before the fit, its weights included. KeyboardInterrupt
        comes at the end of a step, with the weights of that step, or what averaging and keep_best make of them, and its
        epochs in `history`.
        """
        arguments: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": batch_size,
            "drop_last": drop_last,
            "keep_best": keep_best,
        }
        arguments |= {"averaging": averaging, "early_stopping": early_stopping}
        settings = (argument_values(arguments), argument_values({"every": evaluate_every}))
        training, evaluation = {**self._training, **settings[0]}, {**self._evaluation, **settings[1]}
        spec = self._checked({**self._values(), "training": {**training, "seed": self.seed}, "evaluation": evaluation})
        self._fit_training, self._fit_evaluation = settings
        batch_size = spec.training["batch_size"]
        graph = self._graph()
        mode = self._data["normalize"] if self.learns_inputs else None
        x, y = checked_samples(graph, "train", x_train, y_train, self.dtype, mode=mode)
        step = min(batch_size, len(x))
        needed = training_bytes(spec, graph, step)
        needed += 0 if self._network is None else self._network[1].vector.nbytes  # of the weights before the fit
        refuse_too_large(needed, f"fit with batches of {step:,} takes", "try a smaller batch_size or model")
        check_scale(self._trained_on, "x_train", x)
        if self._normalisation is None:
            self._normalisation = Normalisation.fit(x, self._data["normalize"])
        x = in_form(x, self._normalisation.shape)
        graph, parameters = self._ready(x)
        if has_class_weights(self.loss):  # those of this fit
            graph = with_class_weights(replace(graph, loss=self.loss), y, self._known_classes)
            self._network = graph, parameters
        trained_on, validation = Provenance.of_arrays(x, self._trained_on), None
        if x_valid is not None or y_valid is not None:
            inputs, targets = checked_samples(graph, "valid", x_valid, y_valid, self.dtype, mode=mode)
            check_scale(trained_on, "x_valid", inputs)
            inputs = in_form(inputs, self._normalisation.shape)
            validation = self._samples(inputs, targets, self._normalisation)
        schedule = schedule_from(spec.optimizer.options["schedule"])  # a new one, because a schedule may have a state
        seed = self.seed + self._fits
        samples = self._samples(x, y, self._normalisation)
        shown = is_watched() and (observer is None if progress is None else progress)
        bar = ProgressBar(observer) if shown else None
        most = max(len(x), 0 if validation is None else len(validation))
        kernels = kernels_for(graph, None, training_work(graph, len(x), epochs))
        with Engine(
            graph, parameters, batch_size=batch_size, samples=most, threads=threads, seed=seed, kernels=kernels
        ) as engine:
            trainer = Trainer(
                engine,
                self.optimizer,
                schedule,
                replace(training_options(spec), seed=seed),
                samples.augmented(augmentations_from(spec.data["augment"]), seed),
                validation,
                observer=bar or observer,
            )
            with bar or nullcontext(), Interruption() as interrupted:
                trainer.run(interrupted)
            trainer.kept.settle()
        self._fits, self._kernels = self._fits + 1, kernels.name
        self._trained_on, self._classes = trained_on, None
        if trainer.history:
            self._kept = trainer.kept.record or trainer.history[-1]
            self._kept_epoch = len(self.history) + self._kept.epoch
        self.history += trainer.history
        if interrupted():
            raise KeyboardInterrupt
        return History(trainer.history)

    def evaluate(
        self, x: Any, y: Any = None, *, test_time_augmentation: str = "none", threads: int | None = None
    ) -> dict[str, float]:
        """Return the mean loss and the metrics over the samples, by name.

        x, y: as in fit. test_time_augmentation: the views of each image over which outputs are averaged, as in a
        document. Raises DataError where the arrays do not fit, GraphError where the model must be fitted first, and
        DivergenceError where a figure is not finite, with the sample and the layer.
        """
        graph, parameters = self._ready()
        mode = self._data["normalize"] if self.learns_inputs else None
        inputs, targets = checked_samples(graph, "", x, y, self.dtype, mode=mode)
        check_scale(self._trained_on, "x", inputs)
        normalisation = self._constants(inputs)
        samples = self._samples(in_form(inputs, normalisation.shape), targets, normalisation)
        size = self._check_memory(graph, len(samples))
        kernels = self._trained_kernels(graph)
        with Engine(
            graph, parameters, batch_size=size, samples=len(samples), threads=threads, kernels=kernels
        ) as engine:
            if test_time_augmentation == "none":
                figures = graph.summarise(np.asarray(evaluate(engine, samples)), len(samples))
                check_figures(engine, samples, figures, "over these samples")
            else:
                sums = averaged_sums(engine, samples, test_time_augmentation)
                figures = graph.summarise(np.asarray(sums), len(samples))
                check_averaged(engine, samples, test_time_augmentation, figures, "over these samples")
        return figures

    def predict(self, x: Any, *, threads: int | None = None) -> Array:
        """Return the outputs for inputs x, N×(output shape) in the dtype.

        Raises DataError and GraphError as evaluate, and DivergenceError where an output is not finite.
        """
        graph, parameters = self._ready()
        inputs = checked_inputs(graph, "x", x, self.dtype)
        check_scale(self._trained_on, "x", inputs)
        normalisation, shape = self._constants(inputs), graph.input_shape
        inputs = in_form(inputs, normalisation.shape)
        size, parts = self._check_memory(graph, len(inputs)), list[Array]()
        kernels = self._trained_kernels(graph)
        with Engine(
            graph, parameters, batch_size=size, samples=len(inputs), threads=threads, kernels=kernels
        ) as engine:
            for chunk in engine.chunks(len(inputs)):
                prepared = normalisation.apply(inputs[chunk], shape, dtype=self.dtype)
                parts.append(finite_outputs(engine, prepared, chunk.start))
        return np.concatenate(parts) if parts else np.empty((0, *graph.output_shape), self.dtype)

    def load(self, file: str | Path) -> None:
        """Load the weights and the normalisation from a file that `save` or the train command wrote.

        Raises WeightsError with everything that does not fit, or DataError for a damaged normalisation, and leaves the
        model unchanged then.
        """
        graph = self._graph()
        if self._network is None:
            self._check_memory(graph)
        parameters = unset(graph, self.dtype) if self._network is None else self._network[1]
        found = load_weights(file, check_finite=True)
        constants = found.meta.get("normalisation")
        try:
            normalisation = None if constants is None else Normalisation.from_json(constants)
        except DataError as error:
            raise DataError(f"{file}: {error}") from error
        trained_on, classes = Provenance.from_meta(found.meta, file), class_names(found)
        if has_class_weights(self.loss):
            facts = facts_of(self._data["dataset"])
            names = classes if facts is None else facts.classes
            graph, _ = recorded(replace(graph, loss=self.loss), found.meta, names)
        assign(parameters, found.arrays, file=file)
        self._network, self._normalisation = (graph, parameters), normalisation
        self._trained_on, self._classes = trained_on, classes
        kernels = found.meta.get("kernels")
        self._kernels = kernels if isinstance(kernels, str) and is_there(kernels) else None

    def _graph(self) -> Graph:
        """Return the graph of the weights, or a new one while there are none."""
        if self._network is not None:
            return self._network[0]
        graph = build_graph(self.spec(), validated=True)
        return graph if is_open(graph, self._known_classes) else with_class_weights(graph, None, self._known_classes)

    def _ready(self, x: Array | None = None) -> tuple[Graph, Parameters]:
        """Return the graph and the parameters, which the first call initialises. x: the training inputs, if any.

        Raises GraphError where initial weights come from training images and x is None.
        """
        if self._network is None:
            graph, images = self._graph(), None
            self._check_memory(graph)
            if needs_images(graph):
                if x is None:
                    raise GraphError("the first weights come from training images: fit first, or load weights")
                images = self._constants(x).apply(x[:IMAGES], graph.input_shape, dtype=self.dtype)
            self._network = graph, initialise(graph, self.seed, self.dtype, images=images)
        return self._network

    def _samples(self, x: Array, y: Array, normalisation: Normalisation) -> Samples:
        return Samples(x, y, normalisation=normalisation, learns_inputs=self.learns_inputs)

    def _check_memory(self, graph: Graph, samples: int = CHUNK) -> int:
        """Return the batch size. Raises GraphError where inference on these samples needs more memory than is left."""
        batch_size: int = self._values()["training"]["batch_size"]
        refuse_inference(graph, batch_size, self._trained_kernels(graph), "the model", samples)
        return batch_size

    def _trained_kernels(self, graph: Graph) -> Kernels:
        """Return the kernels of the last fit or of the loaded weights, or else those that the document would take."""
        return document_kernels(self.spec(), graph) if self._kernels is None else kernels_for(graph, self._kernels)

    def _constants(self, x: Array) -> Normalisation:
        """Return the normalisation for inputs x. Raises GraphError where its constants are not known yet."""
        return self._constants_for(x.shape[1:])
