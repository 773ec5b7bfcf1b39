"""Notes about settings that are allowed, but probably a mistake; those that cannot mean anything are findings."""

from collections.abc import Iterator

from graphnn.augmentation.base import AUGMENTATIONS
from graphnn.datasets.base import facts_of, known_shape
from graphnn.errors import Problem
from graphnn.graph.graph import Graph
from graphnn.graph.layer_notes import layer_notes
from graphnn.graph.length_notes import length_notes
from graphnn.graph.linear_notes import linear_notes
from graphnn.graph.odd_values import odd_values
from graphnn.graph.optimizer_notes import optimizer_notes
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec
from graphnn.types import shape_text

LARGEST_TURN = 90  # degrees, up to which a digit is read as it was


def notes(spec: Spec, graph: Graph) -> list[Problem]:
    """Return the notes about a document, in its order, each with its position; without the lines of its text."""
    found = [
        *odd_values(spec),
        *length_notes(spec),
        *optimizer_notes(spec, graph),
        *layer_notes(spec, graph),
        *linear_notes(graph, learns_inputs=spec.learns_inputs),
        *image_notes(spec),
    ]
    options = spec.optimizer.options
    if options.get("groups") or options.get("weight_decay"):
        from graphnn.graph.group_notes import group_notes  # here and below: for few documents

        found += group_notes(spec, graph)
    if spec.learns_inputs:
        from graphnn.graph.learnt_inputs import learnt_input_notes

        found += learnt_input_notes(spec)
    if spec.document.origins or "blocks" in spec.document.value:
        from graphnn.graph.short_form_notes import short_form_notes

        found += short_form_notes(spec)
    return [problem.without_source() for problem in in_order(spec.document, found)]


def image_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note for each change of images, in training or inference, after which their labels may not hold."""
    name = spec.data["dataset"]
    facts = facts_of(name)
    shape = known_shape(spec.data) or spec.input_shape
    mirrored = facts is None or facts.mirrored or spec.learns_inputs  # which have no labels
    meaning = f"a mirror image of {name} does not show what its label says; leave it out"
    for section in spec.data["augment"]:
        if AUGMENTATIONS[section.type].mirrors and not mirrored:
            yield Finding(section.path, f"{section.type} mirrors images, and {meaning}")
        if "degrees" in section.options:
            yield from turn_notes(section, name, turned=mirrored)
        if len(shape) == 3:
            yield from size_notes(section, shape)
    views = spec.evaluation["test_time_augmentation"]
    if views != "none" and not mirrored:
        yield Finding(("evaluation", "test_time_augmentation"), f'"{views}" mirrors images, and {meaning}')


def turn_notes(section: Section, name: str, *, turned: bool) -> Iterator[Finding]:
    """Yield the notes about an augmentation that turns images. turned: whether their label still holds then."""
    options = section.options
    if not turned and options["degrees"] > LARGEST_TURN:
        message = f"an image of {name} turned by {options['degrees']:g} degrees does not show what its label says"
        yield Finding((*section.path, "degrees"), f"{message}; usual is 10")
    if not any(options[key] for key in ("degrees", "scale", "shear")):
        yield Finding(section.path, "degrees, scale and shear are 0, so that it changes nothing; leave it out")


def size_notes(section: Section, shape: tuple[int, ...]) -> Iterator[Finding]:
    """Yield a note for a square or a shift that leaves next to nothing of the images."""
    least = min(shape[1:])
    for key, most, what in (("size", 3 * least // 4, "covers"), ("pixels", least // 2, "moves away")):
        if section.options.get(key, 0) > most:
            message = f"{section.options[key]} pixels: it {what} most of an image of {shape_text(shape)}"
            yield Finding((*section.path, key), f"{message}; write at most {max(1, most)}")
