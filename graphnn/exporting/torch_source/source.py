"""The whole file: the network, its weights, and its training."""

from collections.abc import Iterator
from typing import Any

from graphnn.augmentation.base import augmentations_from
from graphnn.averaging.base import averaging_from
from graphnn.engine.plan import loss_takes_logits
from graphnn.exporting.base import ExportError
from graphnn.exporting.branches import layer_nodes, steps_of
from graphnn.exporting.torch_source.augmentation import augment_source
from graphnn.exporting.torch_source.classes import attributes
from graphnn.exporting.torch_source.expressions import class_lines, joined, literal, quotable, wrapped
from graphnn.exporting.torch_source.initial import accessor, from_images, frozen_lines, initial_lines
from graphnn.exporting.torch_source.losses import LOSS_SOURCES, beliefs_lines
from graphnn.exporting.torch_source.optimizing import plateau_source
from graphnn.exporting.torch_source.parameter_groups import Optimizing, optimizing, parameters_alike
from graphnn.exporting.torch_source.state import PARAMETERS, buffer_lines, constant_lines, few, normalised
from graphnn.exporting.torch_source.structure import state_name, structure
from graphnn.exporting.torch_source.training import Loop, whole_number
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.metrics.outputs import Classes
from graphnn.optimizers.sections import groups_from, optimizer_from, schedule_from

PLATEAU = "reduce_on_plateau"


class TorchFile:
    """Writes the file of one network."""

    def __init__(self, network: TrainedNetwork, stem: str) -> None:
        self.network, self.spec, self.graph, self.stem = network, network.spec, network.graph, stem
        self.logits = loss_takes_logits(self.graph)
        self.nodes = tuple(layer_nodes(steps_of(self.graph)))
        self.structure = structure(self.spec, self.graph, logits=self.logits)
        self.outputs = self.graph.output_shape[0]
        self.classes = self.graph.loss.outputs is Classes
        self.augmentations = augmentations_from(self.spec.data.get("augment", ()))
        self.averaging = averaging_from(self.spec.training.get("averaging"))
        self.schedule = schedule_from(self.spec.optimizer.options.get("schedule"))
        self.groups = groups_from(self.spec.optimizer)
        self.loss = LOSS_SOURCES[self.graph.loss.type](self.graph.loss, self.logits, self.outputs)
        self.optimizing: Optimizing = self._optimizing()

    def _optimizing(self) -> Optimizing:
        trained = self.network.parameters.trained
        if not trained:
            raise ExportError("the network has no parameters that are trained, so no training to write; see --to onnx")
        names = {name: state_name(name, self.structure.prefixes) for name in trained}
        alike = parameters_alike(optimizer_from(self.spec.optimizer), self.groups, trained, names, self.schedule)
        dimensions = {names[name]: len(parameter.shape) for name, parameter in trained.items()}
        return optimizing(alike, dimensions)

    def text(self) -> str:
        """Return the whole file, without the line of its digest."""
        body = [
            *self.structure.helpers,
            *self.structure.classes,
            self.network_class(),
            self.load(),
            self.predict(),
            self.loss.function,
            self.augment(),
            self.evaluate(),
            *self.optimizing.sources,
            plateau_source(self.schedule) if self.schedule.type == PLATEAU else [],
            self.train(),
            self.main(),
        ]
        text = joined(body)
        return "\n".join([*self.head(), *self.imports(text), *self.constants()]) + "\n\n\n" + text

    def head(self) -> list[str]:
        """Return the docstring of the file."""
        said = f": {self.spec.description}" if self.spec.description else ""
        lines = wrapped(quotable(f"{self.spec.name}{said}") or "A network.", '"""', "")
        count = sum(parameter.size for parameter in self.network.parameters.trained.values())
        used = "x_train, x_test" if self.spec.learns_inputs else "x_train, y_train, x_test, y_test"
        lines += [
            "",
            *wrapped(f"{count:,} parameters{self.figures()}. Trained anew, on arrays as they are stored, by", "", ""),
        ]
        lines += [f"    python {quotable(self.stem)}.py DATA.npz  # with {used}", '"""', ""]
        return lines

    def figures(self) -> str:
        """Return the figures of the training, in words."""
        for part in ("test", "validation"):
            figures = (self.network.figures or {}).get(part)
            if isinstance(figures, dict) and isinstance(figures.get("accuracy"), float):
                return f", {part} accuracy {100 * figures['accuracy']:.2f} %"
        return ""

    def imports(self, text: str) -> list[str]:
        """Return the imports that the rest of the file needs."""
        standard = [f"import {name}" for name in ("copy", "fnmatch", "math", "sys") if f"{name}." in text]
        functional = ["import torch.nn.functional as F"] if "F." in text else []
        return [
            *standard,
            "from pathlib import Path",
            "",
            "import numpy as np",
            "import torch",
            *functional,
            "from safetensors.torch import load_file, save_file",
            "from torch import Tensor, nn",
            "",
        ]

    def constants(self) -> list[str]:
        """Return the constants of the file."""
        training = self.spec.training
        lines = ['WEIGHTS = Path(__file__).with_suffix(".safetensors")']
        classes = self.network.classes
        if classes is not None and self.network.class_names is not None:
            lines += class_lines(classes)
        lines += constant_lines(self.network.normalisation)
        values = f"{whole_number(training['epochs'])}, {training['batch_size']}, {training['seed']}"
        return [
            *lines,
            f"EPOCHS, BATCH_SIZE, SEED = {values}",
            'DEVICE = torch.accelerator.current_accelerator(check_available=True) or "cpu"',
        ]

    def network_class(self) -> list[str]:
        """Return the class of the network."""
        shape = "×".join(map(str, self.network.data_shape))
        lines = ["class Network(nn.Sequential):", f'    """Takes samples as they are stored, N×{shape}."""', ""]
        lines += ["    def __init__(self) -> None:", "        super().__init__()", *attributes(self.structure.layers)]
        inner = buffer_lines(self.network.normalisation)
        inner += initial_lines(self.nodes, self.structure.prefixes)
        inner += frozen_lines(self.nodes, self.structure.prefixes, PARAMETERS)
        lines += [f"        {line}" for line in inner]
        flat = ".flatten(1)" if len(self.graph.input_shape) < len(self.network.data_shape) else ""
        inputs = normalised(self.network.normalisation, "x", flat)
        if inputs == "x":
            return lines
        forward = ["    def forward(self, x: Tensor) -> Tensor:", f"        return super().forward({inputs})"]
        return [*lines, "", *forward]

    def load(self) -> list[str]:
        """Return the function that gives the trained network."""
        return [
            "def load(weights: Path = WEIGHTS) -> Network:",
            "    network = Network()",
            "    network.load_state_dict(load_file(weights))",
            "    return network.eval()",
        ]

    def predict(self) -> list[str]:
        """Return the function that says what graphnn says."""
        said = f"The probabilities of the classes, N×{self.outputs}" if self.classes else "The outputs"
        lines = beliefs_lines(self.graph.loss, logits=self.logits, outputs=self.outputs)
        return [
            "@torch.no_grad()",
            "def predict(network: Network, x: Tensor) -> Tensor:",
            f'    """{said}, for samples x."""',
            *(f"    {line}" for line in lines),
        ]

    def data(self) -> list[str]:
        """Return the lines that read the data."""
        shape = ", ".join(map(str, self.network.data_shape))
        names = '("x_train", "x_test")'
        lines = ["data = {name: torch.tensor(array) for name, array in np.load(sys.argv[1]).items()}"]
        floats = ".float()" if self.network.normalisation.mode == "none" else ""
        lines.append(f"x, x_test = (data[name].view(-1, {shape}){floats} for name in {names})")
        if self.spec.learns_inputs:
            return lines
        kind = "long()" if self.classes else "float()"
        return [*lines, f'y, y_test = data["y_train"].{kind}, data["y_test"].{kind}']

    def evaluate(self) -> list[str]:
        """Return the function whose result a plateau is seen in."""
        if self.monitor is None:
            return []
        loss = LOSS_SOURCES[self.graph.loss.type](self.graph.loss.reported(), self.logits, self.outputs)
        figure = loss.call.format(z="z", y="y" if self.classes else "y.view_as(z)")
        if self.monitor == "accuracy":
            figure = "-(z.argmax(1) == y).float().mean()"
        return [
            "@torch.no_grad()",
            "def evaluate(network: Network, x: Tensor, y: Tensor) -> float:",
            '    """The figure that is watched; the lower the better."""',
            "    network.eval()",
            "    z = torch.cat([network(some) for some in x.split(1000)])",
            f"    return {figure}.item()",
        ]

    def refusals(self) -> Iterator[str]:
        """Yield what of the training cannot be written, with its place, and what to do."""
        for number, group in enumerate(self.groups):
            if group.schedule is not None and group.schedule.type == PLATEAU:
                place = f"optimizer.groups[{number}].schedule"
                yield f"{place}: {PLATEAU} of a group is not written as PyTorch code; take another schedule for it"
        if self.monitor not in (None, "loss", "accuracy"):
            yield (
                f"optimizer.schedule.monitor: the file measures loss and accuracy, not {self.monitor}; take one of them"
            )
        if self.monitor is not None and self.spec.evaluation["every"] != 1:
            yield "evaluation.every: the file watches a plateau after each epoch; write 1"
        if self.spec.learns_inputs and any(each.hides for each in self.augmentations):
            yield "data.augment: what hides a part of inputs that are to be given back is not written; leave it out"

    def notes(self) -> Iterator[str]:
        """Yield what of the training is left out."""
        for key, otherwise in (("early_stopping", "trains all its epochs"), ("keep_best", "keeps the last weights")):
            if self.spec.training.get(key) is not None:
                yield f"training.{key} is not written: the file {otherwise}"

    @property
    def monitor(self) -> str | None:
        """What the schedule watches."""
        schedule: Any = self.schedule
        return schedule.monitor.removeprefix("validation_") if schedule.type == PLATEAU else None

    @property
    def validated(self) -> bool:
        """Whether samples are held out for what is watched."""
        return self.monitor is not None and self.spec.data["validation_split"] > 0

    def train(self) -> list[str]:
        """Return the training loop."""
        parameters, known = self.network.parameters, self.network.normalisation
        mean = "network.mean" if known.mode.startswith("per_") else "x.float().mean((0, 2, 3)).view(-1, 1, 1)"
        return Loop(
            training=self.spec.training,
            loss=self.loss.call,
            prepare=self.optimizing.lines,
            rates=self.optimizing.rates,
            several=self.optimizing.several,
            scaled=self.optimizing.scaled,
            augmentations=self.augmentations,
            averaging=self.averaging,
            ends={state_name(name, self.structure.prefixes): end for name, end in parameters.until_epoch.items()},
            clip=optimizer_from(self.spec.optimizer).clip_norm,
            learns_inputs=self.spec.learns_inputs,
            normalised=normalised(known, "{x}", "").replace("self.", "network."),
            mean=mean,
            classes=self.classes,
            monitor=self.monitor,
            validated=self.validated,
        ).lines()

    def main(self) -> list[str]:
        """Return what runs when the file is called."""
        lines = ["if len(sys.argv) != 2:", "    sys.exit(__doc__)", "torch.manual_seed(SEED)"]
        lines += ["torch.set_default_device(DEVICE)"]
        lines += self.data()
        given = ["x"] if self.spec.learns_inputs else ["x", "y"]
        if self.validated:
            fraction = self.spec.data["validation_split"]
            lines.append(f"order = torch.randperm(len(x)).tensor_split([round({fraction} * len(x))])")
            given = [f"{name}[order[1]]" for name in given] + [f"{name}[order[0]]" for name in given]
        known = self.from_file()
        lines.append("network = Network()" if known else f"network = train(Network(), {', '.join(given)})")
        if known:
            lines += ["known = load_file(WEIGHTS)  # for what was computed from the training samples"]
            lines += [f'network.{accessor(place)}.data.copy_(known["{place}"])' for place in known]
            lines.append(f"network = train(network, {', '.join(given)})")
        lines.append("z = torch.cat([predict(network, some) for some in x_test.split(1000)])")
        if self.classes:
            lines.append('print(f"test accuracy {(z.argmax(1) == y_test).float().mean():.2%}")')
        else:
            target = normalised(self.network.normalisation, "x_test", "").replace("self.", "network.")
            target = target if self.spec.learns_inputs else "y_test"
            lines.append(f'print(f"test error {{F.mse_loss(z, ({target}).view_as(z)):.4g}}")')
        lines.append(f"save_file(network.state_dict(), {literal(f'{self.stem}-trained.safetensors')})")
        return ['if __name__ == "__main__":', *(f"    {line}" for line in lines)]

    def from_file(self) -> list[str]:
        """Return the places of what a new training takes from the weights file."""
        known = self.network.normalisation
        constants = [] if known.mode == "none" or few(known) else ["mean", "std"]
        return constants + from_images(self.nodes, self.structure.prefixes)

    def augment(self) -> list[str]:
        """Return the function that changes images."""
        if not self.augmentations:
            return []
        return augment_source(self.augmentations, self.network.data_shape)
