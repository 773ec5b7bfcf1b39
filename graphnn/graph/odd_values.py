"""Values that are allowed, but do nothing or far too much, whatever stands beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.fixed_statistics import NORMALIZATION, fixes_statistics
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec

TINY = 1e-12  # times any gradient, less than float32 can add to a weight
LEAST = 1e-6  # of the learning rate: a factor below it ends training


@frozen_dataclass
class Odd:
    """The values of one setting that are odd, and why, in words after the value. type: None for sections without."""

    type: str | None
    key: str
    is_odd: Callable[[float], bool]
    words: str


def above(limit: float) -> Callable[[float], bool]:
    """Return whether a number is farther from 0 than a limit."""
    return lambda value: abs(value) > limit


def below(limit: float) -> Callable[[float], bool]:
    """Return whether a number is nearer to 0 than a limit, without being 0."""
    return lambda value: 0 < abs(value) < limit


def equal(one: float) -> Callable[[float], bool]:
    """Return whether a number is this one."""
    return lambda value: value == one


TOO_SMALL = "is too small for float32 to keep a variance from 0; usual is 1e-05"
EPSILON = "outweighs a variance of 1, which it is to keep from 0; usual is 1e-05"
TABLE = (
    Odd("Dropout", "rate", above(0.95), "leaves fewer than 1 value in 20; usual are 0.1 to 0.5"),
    Odd("Scale", "factor", equal(1), "leaves its input as it is; write another number, or leave the layer out"),
    Odd("Scale", "factor", above(1e6), "leaves float32 little room; write at most 1e6"),
    Odd("Scale", "factor", below(1e-6), "leaves next to nothing of the input; write at least 1e-6"),
    Odd("LeakyReLU", "negative_slope", equal(1), "leaves its input as it is; write a slope below 1, usually 0.01"),
    Odd("LeakyReLU", "negative_slope", above(10), "makes negative values larger than any other; usual is 0.01"),
    Odd("ELU", "alpha", above(10), "makes negative values larger than any other; usual is 1"),
    Odd("PReLU", "initial_slope", above(10), "makes negative values larger than any other; usual is 0.25"),
    Odd("BatchNormalization", "epsilon", above(1), EPSILON),
    Odd("LayerNormalization", "epsilon", above(1), EPSILON),
    Odd("BatchNormalization", "epsilon", below(1e-20), TOO_SMALL),
    Odd("LayerNormalization", "epsilon", below(1e-20), TOO_SMALL),
    Odd(
        "BatchNormalization",
        "momentum",
        equal(1),
        "keeps the running statistics at their first values, 0 and 1, of which inference knows no better; usual is 0.9",
    ),
    Odd(
        "BatchNormalization",
        "momentum",
        lambda value: value <= 0.1,
        "lets the last few batches alone decide about inference; PyTorch's momentum 0.1 is 0.9 here",
    ),
    Odd(
        "BatchNormalization",
        "momentum",
        lambda value: 0.9999 < value < 1,
        "averages over more than 10,000 steps, of which inference knows little before; usual is 0.9",
    ),
    Odd("normal", "deviation", above(10), "makes outputs far too large to train; usual is 0.01 to 0.1"),
    Odd("constant", "value", above(10), "makes outputs far too large to train; usual is 0 to 1"),
    Odd("patch_whitening", "epsilon", above(10), "outweighs every eigenvalue of the patches; usual is 0.0005"),
    Odd("patch_whitening", "epsilon", below(1e-20), "is too small for float32 to keep an eigenvalue from 0"),
    Odd("CrossEntropy", "label_smoothing", above(0.5), "takes more of each target than it leaves; usual is 0.1"),
    Odd("SGDMomentum", "momentum", above(0.9999), "keeps steps for over 10,000 further ones; usual is 0.9"),
    Odd("Muon", "momentum", above(0.9999), "keeps gradients for over 10,000 further steps; usual is 0.6"),
    Odd("Muon", "steps", above(30), "brings no step nearer to orthogonal than 5 of them do; usual is 3 to 5"),
    Odd("step", "factor", equal(1), "leaves the learning rate as it is; write one below 1, or leave the schedule out"),
    Odd("step", "factor", lambda value: value > 1, "makes the learning rate grow; write one below 1"),
    Odd("step", "factor", below(LEAST), "ends training at the first change; usual is 0.1"),
    Odd("reduce_on_plateau", "patience", equal(0), "does as 1 does; write 1, which is what PyTorch's 0 means here"),
    Odd("reduce_on_plateau", "factor", lambda value: value > 0.99, "changes the learning rate by less than 1 %"),
    Odd("reduce_on_plateau", "min_scale", above(0.99), "leaves the learning rate as it is; usual is 0.001"),
    Odd("cosine", "final_scale", equal(1), "leaves the learning rate as it is; write less, or leave the schedule out"),
    Odd("exponential", "decay", equal(0), "makes the average the last weights; leave averaging out, or write 0.999"),
    Odd("lookahead", "decay", equal(0), "resets weights to themselves; leave averaging out, or write 0.95"),
    Odd("lookahead", "decay", equal(1), "undoes the last steps of the run altogether; usual is 0.95"),
    Odd("RandomAffine", "scale", above(0.9), "shrinks some images to a few pixels; usual is 0.1"),
    Odd("RandomAffine", "shear", above(45), "turns images into stripes; usual is 5"),
)
OPTIMIZER = (  # of any type
    Odd(None, "learning_rate", below(TINY), "changes no weight, because float32 cannot add so little to one"),
    Odd(None, "clip_norm", below(1e-8), "leaves of every gradient next to nothing; usual is 1"),
    Odd(None, "clip_norm", above(1e9), "never clips a gradient; usual is 1"),
    Odd(None, "weight_decay", above(100), "pulls weights to 0 whatever they learn; usual is 1e-5 to 0.1"),
    Odd(None, "beta_1", above(0.9999), "averages gradients over more than 10,000 steps; usual is 0.9"),
    Odd(None, "beta_2", above(0.999999), "averages squares over more than a million steps; usual is 0.999"),
    Odd(None, "rho", above(0.9999), "averages squares over more than 10,000 steps; usual is 0.9"),
    Odd(None, "epsilon", above(10), "outweighs the gradients that it is to be added to; usual is 1e-08"),
    Odd(None, "epsilon", below(1e-20), "is too small for float32 to keep the denominator from 0; usual is 1e-08"),
)
STEADY = ("Adam", "AdamW", "Lion", "RMSprop")  # whose steps are as large as the learning rate, for any gradient
LEAP = Odd(None, "learning_rate", above(1), "moves each weight by about as much in each step; usual is 0.001")
TRAINING = (
    Odd(None, "epochs", below(1e-3), "is one step for all but the largest data; write 1 for all samples once"),
    Odd(None, "epochs", above(1e6), "is more than anyone can wait for"),
)
DATA = (
    Odd(None, "validation_split", above(0.5), "holds out more than it leaves to train on; usual is 0.1"),
    Odd(None, "test_split", above(0.5), "holds out more than it leaves to train on; usual is 0.2"),
)
GROUP = (
    Odd(None, "learning_rate_scale", below(TINY), 'changes no weight; "trainable": false in the layer says so plainly'),
    Odd(None, "learning_rate_scale", above(1e9), "makes the first step a leap"),
    Odd(None, "weight_decay_scale", above(1e9), "leaves nothing of the weights"),
)


def odd_values(spec: Spec) -> Iterator[Finding]:
    """Yield a note for each value of a document that is odd by itself."""
    for section in sections(spec):
        yield from odd_in(with_effect(section), section.path, TABLE, section.type)
        if section.path[-1] == "optimizer":
            yield from odd_in(section.options, section.path, OPTIMIZER)
            yield from odd_in(section.options, section.path, (LEAP,) if section.type in STEADY else ())
    yield from odd_in(spec.training, ("training",), TRAINING)
    yield from odd_in(spec.data, ("data",), DATA)
    for index, group in enumerate(spec.optimizer.options.get("groups", ())):
        yield from odd_in(group, ("optimizer", "groups", index), GROUP)


def with_effect(section: Section) -> Mapping[str, Any]:
    """Return the options of a section, without the momentum of statistics that are fixed."""
    if section.type != NORMALIZATION or not fixes_statistics(section.options["trainable"]):
        return section.options
    return {key: value for key, value in section.options.items() if key != "momentum"}


def odd_in(options: Mapping[str, Any], path: Path, table: Sequence[Odd], type_: str | None = None) -> Iterator[Finding]:
    """Yield a note for each odd value of one section. type_: its type, if it has one."""
    for odd in table:
        value = options.get(odd.key)
        if odd.type == type_ and isinstance(value, int | float) and odd.is_odd(value):
            yield Finding((*path, odd.key), f"{value:g} {odd.words}")


def sections(spec: Spec) -> Iterator[Section]:
    """Yield every object of a document that has a type, at any depth."""
    for layer in spec.every_layer:
        yield layer
        if isinstance(layer.options.get("initializer"), Section):
            yield layer.options["initializer"]
    yield spec.loss
    for holder in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        yield from (holder[key] for key in ("optimizer", "schedule") if holder.get(key) is not None)
    yield spec.optimizer
    if "averaging" in spec.training:
        yield spec.training["averaging"]
    yield from spec.data["augment"]
