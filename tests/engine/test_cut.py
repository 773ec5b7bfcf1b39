"""How batches are cut, by hand: even blocks of neighbouring samples, as many as are worthwhile, and their pieces."""

import pytest

from graphnn.engine import cut as cut_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.cut import Cut, cut_of, evenly, inference_piece, training_piece
from graphnn.engine.engine import Engine
from graphnn.engine.plan import Plan, Stage
from graphnn.graph.initialisation import initialise
from graphnn.losses.mean_squared_error import MeanSquaredError

CONV = ("Conv2D", {"filters": 4})


@pytest.fixture
def points(plain):
    """1×8×8 through 1×1 convolutions to 2 and 4 channels: 128 + 512 multiply-adds, 768 and 1536 bytes a sample."""
    layers = [("Conv2D", {"filters": filters, "kernel_size": 1, "use_bias": False}) for filters in (2, 4)]
    nodes = plain.network((1, 8, 8), *layers, loss=MeanSquaredError()).nodes
    assert [node.multiply_adds for node in nodes] == [128, 512]
    assert sum(parameter.size for node in nodes for parameter in node.parameters) == 10
    return nodes


@pytest.fixture
def constants(monkeypatch):
    """Return a function that sets constants of the cut; at first nothing but multiply-adds costs anything."""

    def put(**values):
        for name, value in values.items():
            monkeypatch.setattr(cut_module, name, value)

    put(ELEMENT_WORK=0, GRADIENT_COST=0)
    return put


def test_evenly():
    assert evenly(slice(0, 10), 4) == [slice(0, 2), slice(2, 5), slice(5, 7), slice(7, 10)]
    assert evenly(slice(20, 22), 2) == [slice(20, 21), slice(21, 22)]


def test_a_cut_by_hand():
    """Eight lanes of a batch of 100 have 12 or 13 samples; so have those of a smaller batch, or a little less."""
    cut = Cut(100, 8)
    assert cut.block == 13
    assert [block.stop - block.start for block in cut.blocks(100)] == [12, 13, 12, 13, 12, 13, 12, 13]
    assert cut.blocks(50) == [slice(0, 12), slice(12, 25), slice(25, 37), slice(37, 50)]
    assert cut.blocks(26) == [slice(0, 8), slice(8, 17), slice(17, 26)]
    assert cut.blocks(12) == [slice(0, 12)]
    assert cut.blocks(1) == [slice(0, 1)]


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32, 45, 64])
@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 16, 32])
def test_blocks_are_neighbouring_even_and_no_larger_than_those_of_a_full_batch(batch_size, lanes):
    cut = Cut(batch_size, min(lanes, batch_size))
    counts = []
    for samples in range(1, batch_size + 1):
        blocks = cut.blocks(samples)
        sizes = [block.stop - block.start for block in blocks]
        counts.append(len(blocks))
        assert cut.count(samples) == len(blocks)
        assert [sample for block in blocks for sample in range(block.start, block.stop)] == list(range(samples))
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) >= 1
        assert max(sizes) <= cut.block
        assert cut.blocks(samples) == blocks
    assert counts == sorted(counts)
    assert counts[-1] == cut.lanes


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100, 128, 1000])
@pytest.mark.parametrize("layers", [[CONV, "ReLU"], ["ReLU"], [("Conv2D", {"filters": 512, "kernel_size": 5})], []])
def test_pieces_lie_within_the_batch_and_its_blocks(plain, layers, batch_size):
    nodes = plain.network((16, 32, 32), *layers, loss=MeanSquaredError()).nodes if layers else ()
    assert 1 <= inference_piece(nodes, batch_size) <= batch_size
    cut = cut_of([nodes], batch_size)
    assert cut.batch_size == batch_size
    assert 1 <= cut.lanes <= min(batch_size, cut_module.MOST_LANES)
    assert 1 <= training_piece(nodes, cut.block) <= cut.block


def test_as_many_lanes_as_there_is_work_for(points, constants):
    """64 samples have 40 960 multiply-adds: 20 480 in each of 2 lanes, 10 240 of 4, 5 120 of 8, 2 560 of 16."""
    constants(MOST_LANES=16, LANES=4)
    for worthwhile, much, lanes in (
        (1, 1, 16),  # no more than MOST_LANES
        (1, 2561, 8),  # more than LANES only with much work
        (1, 5121, 4),
        (10240, 2**30, 4),
        (10241, 2**30, 2),
        (20480, 2**30, 2),
        (20481, 2**30, 1),
    ):
        constants(BLOCK_WORK=worthwhile, MUCH_WORK=much)
        assert cut_of([points], 64) == Cut(64, lanes)
    constants(BLOCK_WORK=10240)
    assert cut_of([points[:1], points[1:]], 64).lanes == 2  # in each of two stages a lane has half of its work


def test_no_more_lanes_than_samples(points, constants):
    constants(BLOCK_WORK=0, MUCH_WORK=0)
    assert [cut_of([points], batch_size).lanes for batch_size in (1, 2, 3, 31, 32, 1000)] == [1, 2, 2, 16, 32, 32]


def test_gradients_take_a_small_share_of_a_step(points, constants):
    """16 lanes of 10 parameters cost 7 680 multiply-adds, 32 lanes 15 360, of a step of 3·40 960 = 122 880."""
    constants(BLOCK_WORK=1, MUCH_WORK=1, GRADIENT_COST=48)
    for share, lanes in ((0.125, 32), (0.1, 16), (0.0625, 16), (0.06, 8), (0.001, 1)):
        constants(LANE_SHARE=share)
        assert cut_of([points], 64).lanes == lanes


@pytest.mark.parametrize(
    ("batch_size", "lanes"), [(1, 1), (2, 2), (100, 2), (255, 2), (256, 2), (500, 4), (512, 4), (2000, 16), (9999, 32)]
)
def test_vectors_are_cut_in_two_and_of_many_a_matrix_product_has_about_128_rows(plain, constants, batch_size, lanes):
    constants(BLOCK_WORK=1, MUCH_WORK=1, GRADIENT_COST=10**9)
    nodes = plain.network((5,), ("Dense", {"units": 2}), loss=MeanSquaredError()).nodes
    assert cut_of([nodes], batch_size).lanes == lanes


def test_pieces_in_training_fit_the_cache_and_are_even(points, constants):
    """The second convolution has 1 536 bytes a sample."""
    for piece_bytes, block, piece in (
        (2**20, 16, 16),
        (1536 * 16, 16, 16),
        (1536 * 15, 16, 8),  # two that fit are even
        (1536 * 5, 16, 4),
        (1536 * 5, 11, 4),  # 3, 4 and 4
        (1536, 16, 1),
        (1, 16, 1),
    ):
        constants(PIECE_BYTES=piece_bytes)
        assert training_piece(points, block) == piece


def test_pieces_in_inference_get_smaller_with_work_and_size(points, constants):
    constants(INFERENCE_PIECES=4)
    for piece_bytes, multiply_adds, piece in (
        (2**20, 1, 16),  # a quarter of 64
        (1536 * 5, 1, 5),  # what fits
        (2**20, 640 * 30, 32),  # two pieces are worthwhile
        (1536 * 15, 1, 15),  # and stays so with a fifth piece
        (2**20, 640 * 20, 32),  # three are, but two share out evenly
        (2**20, 640 * 1000, 64),  # one is
        (1, 640 * 30, 32),  # less would not be worth a thread's while
        (1, 1, 1),
    ):
        constants(PIECE_BYTES=piece_bytes, INFERENCE_WORK=multiply_adds)
        assert inference_piece(points, 64) == piece


@pytest.mark.parametrize(("batch_size", "piece"), [(1, 1), (2, 1), (100, 50), (256, 128), (2000, 128)])
def test_vectors_are_cut_likewise_in_inference(plain, constants, batch_size, piece):
    constants(BLOCK_WORK=1)
    nodes = plain.network((5,), ("Dense", {"units": 2}), loss=MeanSquaredError()).nodes
    assert inference_piece(nodes, batch_size) == piece


def test_element_wise_work_counts_too(plain, constants):
    """Without it, what is cheap but large would go through in one piece, on one thread."""
    constants(BLOCK_WORK=2**16, INFERENCE_WORK=2**16)
    nodes = plain.network((16, 32, 32), "ReLU", loss=MeanSquaredError()).nodes
    assert cut_of([nodes], 128).lanes == 1
    constants(ELEMENT_WORK=32)
    assert cut_of([nodes], 128).lanes == 16
    assert inference_piece(nodes, 128) < 128


@pytest.mark.parametrize("lanes", [1, 3, 8])
def test_pieces_are_counted_without_making_them(lanes):
    for batch_size in (8, 21, 32):
        for piece in range(1, 12):
            stage = Stage(None, (), None, piece)
            plan = Plan((stage,), Cut(batch_size, lanes), logits=False, trained={})
            for n in range(1, batch_size + 1):
                assert plan.piece_count(stage, n) == sum(map(len, plan.pieces(stage, n)))
    stage = Stage(None, (), None, 10)
    assert Plan((stage,), Cut(10**12, 10), logits=False, trained={}).piece_count(stage, 10**12) == 10**11


@pytest.mark.parametrize("threads", [1, 2])
def test_a_smaller_batch_may_have_more_pieces(plain, threads):
    """Of 11 samples blocks of 3, 4 and 4 are a piece each, of 10 samples two blocks of 5 are two pieces each."""
    graph = plain.network((2, 4, 4), CONV, "BatchNormalization", "Flatten", ("Dense", {"units": 3}), "Softmax")
    stage, cut = Stage(None, (), None, 4), Cut(15, 3)
    assert [len(pieces) for n in (11, 10) for pieces in map(stage.cut, cut.blocks(n))] == [1, 1, 1, 2, 2]
    found = []
    for samples in (11, 15):
        parameters = initialise(graph, 0)
        with plain.cut([4], lanes=3), Engine(graph, parameters, batch_size=15, samples=samples, threads=threads) as one:
            for n in (11, 10):
                x, y = plain.samples(graph, n)
                one.train_step(ArrayBatch(x, y), epoch=0, step=0)
        found.append(parameters.gradient.tobytes())
    assert found[0] == found[1]
