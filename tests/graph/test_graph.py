"""Spec to Graph: shapes and parameters of right documents; most wrong ones are in specification/invalid."""

import copy
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.base import DATASETS
from graphnn.errors import GraphError, SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise, needs_images, unset
from graphnn.initializers.patch_whitening import PatchWhitening
from graphnn.layers.base import UnfitInput
from graphnn.layers.dense import Dense
from graphnn.layers.relu import ReLU
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.specification.spec import spec_from_values

DOCUMENT: dict[str, Any] = {
    "input": {"shape": [3, 32, 32]},
    "layers": [
        {"type": "Conv2D", "name": "conv", "filters": 4, "description": "edges"},
        {"type": "BatchNormalization"},
        {"type": "MaxPooling2D", "pool_size": [2, 4]},
        {"type": "GlobalAveragePooling"},
        {"type": "Dense", "units": 10, "use_bias": False},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "cifar10"},
    "training": {"epochs": 1},
}
NPZ = {"dataset": "npz", "path": "mine.npz"}


def refusals(*layers: dict[str, Any], **sections: Any) -> list[str]:
    """Return the problems of a document with these layers."""
    with pytest.raises(SpecError) as refused:
        build_graph(spec_from_values({**DOCUMENT, "layers": list(layers), **sections}, "net"))
    return [str(problem).removeprefix("net: ") for problem in refused.value.problems]


def test_the_nodes_of_a_document() -> None:
    graph = build_graph(spec_from_values(DOCUMENT))
    assert [node.name for node in graph.nodes] == [
        "conv", "batchnormalization_1", "maxpooling2d_1", "globalaveragepooling_1", "dense_1", "softmax_1",
    ]  # fmt: skip
    shapes = [(3, 32, 32), (4, 32, 32), (4, 32, 32), (4, 16, 8), (4,), (10,), (10,)]
    assert [node.input_shape for node in graph.nodes] == shapes[:-1]
    assert [node.output_shape for node in graph.nodes] == shapes[1:]
    assert [[parameter.name for parameter in node.parameters] for node in graph.nodes] == [
        ["weights", "biases"], ["gamma", "beta", "running_mean", "running_variance"], [], [], ["weights"], [],
    ]  # fmt: skip
    assert [node.multiply_adds for node in graph.nodes] == [4 * 27 * 1024, 0, 0, 0, 40, 0]
    assert (graph.nodes[0].layer.name, graph.nodes[0].layer.description) == ("conv", "edges")
    assert (graph.input_shape, graph.output_shape) == ((3, 32, 32), (10,))
    assert isinstance(graph.loss, CrossEntropy)


FACTS = {name: one.facts for name, one in DATASETS.items() if one.facts is not None}


@pytest.mark.parametrize("dataset", FACTS)
def test_the_input_is_that_of_the_data_set_or_flat(dataset: str) -> None:
    shape, flat = list(FACTS[dataset].shape), [int(np.prod(FACTS[dataset].shape))]
    layers = [{"type": "Dense", "units": len(FACTS[dataset].classes)}, {"type": "Softmax"}]
    for input_shape, more in ((shape, [{"type": "Flatten"}]), (flat, [])):
        values = {**DOCUMENT, "input": {"shape": input_shape}, "layers": [*more, *layers], "data": {"dataset": dataset}}
        assert build_graph(spec_from_values(values)).input_shape == tuple(input_shape)
    (text,) = refusals(*layers, input={"shape": [5]}, data={"dataset": dataset})
    assert text == f"input.shape: [5] is not the shape of {dataset}; write {shape}, or {flat} to flatten it"
    assert len(FACTS[dataset].classes) == (100 if dataset == "cifar100" else 10)


def test_one_mistake_about_the_input_is_reported_once() -> None:
    layers = [{"type": "Conv2D", "filters": 2, "kernel_size": 9, "padding": "valid"}, *DOCUMENT["layers"][3:]]
    assert len(refusals(*layers, input={"shape": [32, 32, 3]})) == 1


def test_after_a_shape_error_the_independent_problems_are_reported() -> None:
    dense = {"type": "Dense", "units": 10}
    assert refusals(dense, {"type": "ReLU"}, {"type": "Conv2D", "name": "c", "filters": 3}, {"type": "Flatten"}) == [
        "layers[0]: Dense needs a vector, but the input gives 3×32×32; put Flatten or GlobalAveragePooling before it",
        'layers[2] "c": Conv2D needs an image C×H×W, but "relu_1" gives 10; '
        "put it before Flatten or GlobalAveragePooling",
        'layers[3]: CrossEntropy needs Softmax as the last layer, but "flatten_1" is Flatten; '
        'add {"type": "Softmax"} as the last layer',
    ]


def test_the_number_of_classes_of_a_users_data_is_not_known() -> None:
    values = {**DOCUMENT, "data": NPZ, "input": {"shape": [7]}}
    values["layers"] = [{"type": "Dense", "units": 3}, {"type": "Softmax"}]
    assert build_graph(spec_from_values(values)).output_shape == (3,)


def test_a_loss_for_numbers_takes_any_end() -> None:
    values = {**DOCUMENT, "data": NPZ, "input": {"shape": [1, 4, 4]}, "loss": {"type": "MeanSquaredError"}}
    values["layers"] = [{"type": "Softmax"}, {"type": "Conv2D", "filters": 2}]
    assert build_graph(spec_from_values(values)).output_shape == (2, 4, 4)


def test_sigmoids_before_the_last_are_no_mistake() -> None:
    values = {**DOCUMENT, "data": NPZ, "input": {"shape": [7]}, "loss": {"type": "BinaryCrossEntropy"}}
    values["layers"] = [{"type": "Sigmoid"}, {"type": "Dense", "units": 3}, {"type": "Sigmoid"}]
    assert build_graph(spec_from_values(values)).output_shape == (3,)
    values["layers"] = [{"type": "Sigmoid"}, {"type": "Dense", "units": 3}]
    with pytest.raises(
        SpecError, match='needs Sigmoid as the last layer, but "dense_1" follows; move Sigmoid to the end'
    ):
        build_graph(spec_from_values(values))


def test_softmax_for_yes_or_no_is_replaced() -> None:
    assert refusals({"type": "Dense", "units": 2}, {"type": "Softmax"}, data=NPZ, input={"shape": [7]}, loss={
        "type": "BinaryCrossEntropy"
    }) == [
        'layers[1]: BinaryCrossEntropy needs Sigmoid as the last layer, but "softmax_1" is Softmax; '
        'write {"type": "Sigmoid"} instead'
    ]  # fmt: skip


def test_chain_stops_at_the_first_layer_that_does_not_fit() -> None:
    layers = [("a", ReLU()), ("b", Dense(units=3))]
    assert chain(layers, (4,), CrossEntropy()).output_shape == (3,)
    with pytest.raises(UnfitInput, match="Dense needs a vector"):
        chain(layers, (1, 2, 2), CrossEntropy())


def test_initialise_draws_each_parameter_from_a_generator_of_its_key() -> None:
    graph = build_graph(spec_from_values(DOCUMENT))
    first, again, other = initialise(graph, 3), initialise(graph, 3), initialise(graph, 4)
    assert np.array_equal(first.vector, again.vector)
    assert not np.array_equal(first.vector, other.vector)
    shorter = copy.deepcopy(DOCUMENT)
    shorter["layers"][1] = {"type": "ReLU"}  # what stands elsewhere does not change what a layer draws
    third = initialise(build_graph(spec_from_values(shorter)), 3)
    assert np.array_equal(first.values["dense_1"]["weights"], third.values["dense_1"]["weights"])
    assert first.values["conv"]["weights"].dtype == np.float32
    assert initialise(graph, 3, np.float64).vector.dtype == np.float64


def test_initialise_takes_what_an_initializer_needs_from_the_images() -> None:
    whitening = {"type": "Conv2D", "name": "w", "filters": 24, "kernel_size": 2, "initializer": "patch_whitening"}
    plain = build_graph(
        spec_from_values({**DOCUMENT, "layers": [{**whitening, "initializer": "he_normal"}, *DOCUMENT["layers"][1:]]})
    )
    graph = build_graph(spec_from_values({**DOCUMENT, "layers": [whitening, *DOCUMENT["layers"][1:]]}))
    images = np.random.default_rng(0).normal(size=(20, 3, 32, 32)).astype(np.float32)
    parameters, usual = initialise(graph, 3, images=images), initialise(plain, 3)
    expected = PatchWhitening().values((24, 3, 2, 2), images).astype(np.float32)
    np.testing.assert_array_equal(parameters.values["w"]["weights"], expected)
    for name, array in usual.named().items():
        if name != "w/weights":
            np.testing.assert_array_equal(parameters.named()[name], array)
    assert (needs_images(plain), needs_images(graph)) == (False, True)
    with pytest.raises(GraphError, match=r'layers\[0\] "w": the initializer "patch_whitening" needs training images'):
        initialise(graph, 3)
    assert not unset(graph).vector.any()


def test_a_mistake_that_a_change_may_have_made_elsewhere_names_the_change() -> None:
    changes = ("layers.conv.filters=8", "data.dataset=mnist")
    with pytest.raises(SpecError) as refused:
        build_graph(spec_from_values(DOCUMENT, "net", overrides=changes))
    assert [str(problem) for problem in refused.value.problems] == [
        "net: input.shape: [3, 32, 32] is not the shape of mnist; write [1, 28, 28], or [784] to flatten it",
        "net: read with --set layers.conv.filters=8, --set data.dataset=mnist",
    ]
    with pytest.raises(SpecError) as refused:
        build_graph(spec_from_values(DOCUMENT, "net", overrides=("layers.dense_1.units=9",)))
    [problem] = refused.value.problems
    assert problem.file == "--set layers.dense_1.units=9"  # it names the change itself


@pytest.mark.parametrize(
    ("split", "validated", "refused"),
    [(0.1, None, False), (0.0, None, True), (0.0, True, False), (0.1, False, True)],
)
def test_a_figure_is_watched_on_samples_that_the_document_or_the_caller_has(
    split: float, validated: bool | None, refused: bool
) -> None:
    data, training = {"dataset": "cifar10", "validation_split": split}, {"epochs": 1, "keep_best": "validation_loss"}
    spec = spec_from_values({**DOCUMENT, "data": data, "training": training})
    if refused:
        with pytest.raises(SpecError, match="validation_loss needs a validation part"):
            build_graph(spec, validated=validated)
    else:
        assert build_graph(spec, validated=validated).output_shape == (10,)


def test_a_network_without_a_parameter_to_train_is_one_that_the_document_does_not_freeze() -> None:
    """Running statistics are never trained, so leaving "trainable" out would change nothing."""
    bare = {"type": "BatchNormalization", "scale": False, "center": False}
    layers = [bare, {"type": "Flatten"}, {"type": "Softmax"}]
    values = {**DOCUMENT, "input": {"shape": [10, 1, 1]}, "layers": layers, "data": NPZ}
    assert [parameter.name for parameter in build_graph(spec_from_values(values)).nodes[0].parameters] == [
        "running_mean",
        "running_variance",
    ]
    assert refusals({"type": "Flatten"}, {"type": "Dense", "units": 10, "trainable": False}, {"type": "Softmax"}) == [
        'layers: nothing is trained: no parameter is trainable; leave "trainable" out in one of the layers'
    ]
