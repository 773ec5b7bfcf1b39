"""Documents with faults are run, or refused with a position: never a traceback, a hang, or more memory than said."""

import runpy
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
MUTATIONS, ATTEMPTS = (runpy.run_path(str(FOLDER / f"{name}.py")) for name in ("mutations", "attempts"))


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    ATTEMPTS["warm_up"]()


def try_all(seeds: range) -> Counter[str]:
    """Try the documents of all seeds; return how often each outcome came, and fail with the documents of faults."""
    outcomes: Counter[str] = Counter()
    faults = []
    for seed in seeds:
        text = MUTATIONS["mutant"](seed)
        outcome, fault = ATTEMPTS["fault_of"](text)
        outcomes[outcome] += 1
        if fault is not None:
            faults.append(f"mutant({seed}): {fault}\n{text[:2000]}")
    assert not faults, "\n\n".join(faults)
    return outcomes


@pytest.mark.parametrize("part", range(20))
def test_five_hundred_mutants(part: int) -> None:
    outcomes = try_all(range(25 * part, 25 * part + 25))
    assert outcomes["refused"] >= 12
    assert outcomes["trained"] >= 1


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_ten_thousand_mutants(part: int) -> None:
    outcomes = try_all(range(500 * part, 500 * part + 500))
    assert outcomes["refused"] > 100
    assert outcomes["trained"] > 25


@pytest.mark.parametrize("fault", ["traceback", "no position", "hang", "memory"])
def test_a_fault_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other tests demand fails where it should."""
    known = ATTEMPTS["ran"].__globals__
    text = ATTEMPTS["render_json"](MUTATIONS["small_documents"]()[0])

    def bad(*_: object) -> str:
        if fault == "traceback":
            raise KeyError("x")
        if fault == "no position":
            raise known["GraphError"]("somewhere")
        if fault == "memory":
            bytearray(2**26)[:: 2**10] = b"x" * 2**16
            return "trained"
        while True:
            pass

    monkeypatch.setitem(known, "SECONDS", 1)
    monkeypatch.setitem(known, "trained" if fault == "memory" else "build_graph", bad)
    found = ATTEMPTS["fault_of"](text)[1]
    expected = {"traceback": "KeyError", "no position": "without a position", "hang": "more than 1 s", "memory": "took"}
    if fault != "memory" or known["status"]("VmHWM"):
        assert expected[fault] in str(found)
