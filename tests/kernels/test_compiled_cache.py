"""Compiled functions are kept on disk where that can be, and not taken from a state of the code that has passed."""

from typing import Any

import pytest

pytest.importorskip("numba")

from graphnn.kernels.compiled import vectors


def double(x):
    return 2 * x


def test_where_nothing_can_be_written_functions_are_compiled_anew(monkeypatch):
    original = vectors.njit

    def without_folder(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return original(**options)

    monkeypatch.setattr(vectors, "njit", without_folder)
    assert vectors.compiled(double)(21) == 42


def test_numbas_own_setting_stays_as_it_was():
    before = vectors.config.CACHE_DIR
    assert vectors.compiled(double)(4) == 8
    assert before == vectors.config.CACHE_DIR


def test_every_state_of_the_code_has_a_folder_of_its_own(monkeypatch, tmp_path):
    before = vectors.cache_folder()
    assert before == vectors.CACHE
    package = tmp_path / "compiled"
    package.mkdir()
    (package / "vectors.py").write_text("one")
    (tmp_path / "vectors.py").write_text("two")
    monkeypatch.setattr(vectors, "__file__", str(package / "vectors.py"))
    states = [before, vectors.cache_folder()]
    (tmp_path / "vectors.py").write_text("three")
    states.append(vectors.cache_folder())
    (package / "pooling.py").write_text("four")
    states.append(vectors.cache_folder())
    assert len(set(states)) == 4
    assert {state.parent for state in states} == {before.parent}
