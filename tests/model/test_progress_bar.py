"""The bar of a fit: where it is drawn, what it shows, and that it stays out of pipes."""

import io
import re
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from graphnn.errors import GraphError
from graphnn.model import progress_bar
from graphnn.model.model import Model
from graphnn.training.history import Record
from graphnn.training.monitor import EarlyStopping
from graphnn.training.observer import Silent
from graphnn.training.trainer import Trainer

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]
FIT: dict[str, Any] = {"batch_size": 16, "epochs": 3}


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in the place of stderr, of 150 columns, where the bar is drawn at each step."""
    shown = Terminal()
    monkeypatch.setattr(progress_bar, "sys", SimpleNamespace(stderr=shown, modules=sys.modules))
    monkeypatch.setattr(progress_bar, "REDRAWN_AFTER", 0)
    monkeypatch.setenv("COLUMNS", "150")
    return shown


def drawn(terminal: Terminal) -> list[str]:
    """Return the states of the bar, without the bar itself."""
    return [re.sub(r"\|.*\|| \S+ left", "|", each).strip() for each in terminal.getvalue().split("\r") if each.strip()]


def test_a_terminal_shows_the_epoch_the_share_and_the_figures(
    classifier: Classifier, blobs: Blobs, terminal: Terminal
) -> None:
    history = classifier().fit(*blobs(48), **FIT, x_valid=blobs(20)[0], y_valid=blobs(20)[1])
    states = drawn(terminal)
    assert states[0].startswith("epoch 1/3 |   0%")
    last = history[-1]
    assert last.validation is not None
    assert states[-1] == (
        f"epoch 3/3 | 100%|, loss {last.training['loss']:.4f} accuracy {last.training['accuracy']:.2%}, "
        f"validation loss {last.validation['loss']:.4f} accuracy {last.validation['accuracy']:.2%}"
    )
    assert any(state.startswith("epoch 2/3 |  56%|, loss") for state in states)
    assert terminal.getvalue().endswith("\n")  # it stays


def test_a_narrow_terminal_shows_the_figures_without_their_names(
    classifier: Classifier, blobs: Blobs, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    last = classifier().fit(*blobs(48), **FIT, x_valid=blobs(20)[0], y_valid=blobs(20)[1])[-1]
    assert last.validation is not None
    training, validation = (f"{each['loss']:.4f} {each['accuracy']:.2%}" for each in (last.training, last.validation))
    assert drawn(terminal)[-1] == f"epoch 3/3 | 100%|, loss {training}, val {validation}"
    assert max(map(len, terminal.getvalue().split("\r"))) <= 80


def test_it_is_full_at_the_end_also_where_training_stops_early(
    classifier: Classifier, blobs: Blobs, terminal: Terminal
) -> None:
    x, y = blobs(48)
    stopping = EarlyStopping(patience=1, min_delta=100)
    history = classifier().fit(x, y, 16, 9, x, y, early_stopping=stopping)
    assert len(history) == 2
    assert drawn(terminal)[-1].startswith("epoch 2/9 | 100%")


def test_a_fraction_of_an_epoch_is_counted(classifier: Classifier, blobs: Blobs, terminal: Terminal) -> None:
    classifier().fit(*blobs(48), batch_size=16, epochs=1.3)
    assert any("|  75%" in state for state in drawn(terminal))
    assert drawn(terminal)[-1].startswith("epoch 2/1.3 | 100%")


def test_it_is_drawn_some_times_a_second_however_short_the_epochs_are(
    classifier: Classifier, blobs: Blobs, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bar, "REDRAWN_AFTER", 1000)
    classifier().fit(*blobs(48), batch_size=16, epochs=50)
    states = drawn(terminal)
    assert len(states) <= 6
    assert states[-1].startswith("epoch 50/50 | 100%")


def test_it_is_closed_where_training_fails(classifier: Classifier, blobs: Blobs, terminal: Terminal) -> None:
    class Broken(Silent):
        def step_done(self, trainer: Trainer) -> None:
            if trainer.step == 2:
                raise GraphError("broken")

    with pytest.raises(GraphError, match="broken"):
        classifier().fit(*blobs(48), **FIT, observer=Broken(), progress=True)
    assert terminal.getvalue().endswith("\n")


@pytest.mark.parametrize("settings", [{"progress": False}, {"observer": Silent()}])
def test_it_can_be_left_out_and_gives_way_to_an_observer(
    classifier: Classifier, blobs: Blobs, terminal: Terminal, settings: dict[str, Any]
) -> None:
    classifier().fit(*blobs(48), **FIT, **settings)
    assert terminal.getvalue() == ""


def test_an_observer_is_notified_beside_it(classifier: Classifier, blobs: Blobs, terminal: Terminal) -> None:
    seen: list[Any] = []

    class Counting(Silent):
        def step_done(self, trainer: Trainer) -> None:
            seen.append(trainer.step)

        def epoch_done(self, trainer: Trainer, record: Record) -> None:
            seen.append(record.epoch)

    classifier().fit(*blobs(32), batch_size=16, epochs=1, observer=Counting(), progress=True)
    assert seen == [1, 2, 1]
    assert drawn(terminal)[-1].startswith("epoch 1/1 | 100%")


@pytest.mark.parametrize("progress", [None, True])
def test_nothing_is_drawn_into_a_pipe(
    classifier: Classifier, blobs: Blobs, capfd: pytest.CaptureFixture[str], progress: bool | None
) -> None:
    classifier().fit(*blobs(48), **FIT, progress=progress)
    assert capfd.readouterr() == ("", "")


def test_notebooks_show_it_and_programs_without_stderr_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert not progress_bar.is_watched()
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", object())
    assert progress_bar.is_watched()
