"""Compiled functions are cached on disk where that is possible, and never taken from another version of the code."""

from typing import Any

import pytest

pytest.importorskip("numba")

from graphnn.kernels.compiled import vectors


def double(x):
    return 2 * x


def test_without_a_writable_folder_functions_are_still_compiled(monkeypatch):
    original = vectors.njit

    def without_folder(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return original(**options)

    monkeypatch.setattr(vectors, "njit", without_folder)
    assert vectors.compiled(double)(21) == 42


def test_numbas_setting_stays_unchanged():
    before = vectors.config.CACHE_DIR
    assert vectors.compiled(double)(4) == 8
    assert before == vectors.config.CACHE_DIR


def test_each_version_of_the_code_has_its_folder(monkeypatch, tmp_path):
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
