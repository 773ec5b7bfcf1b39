"""Command lines that a shell reads as they were meant."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from graphnn.text.shell import file_word, shell_joined


def test_plain_words_are_quoted_as_usual() -> None:
    assert shell_joined(["train", "a b.json", "--set", "x=1"]) == "train 'a b.json' --set x=1"


def test_a_file_is_never_taken_for_an_option() -> None:
    assert file_word(Path("-net.json")) == "./-net.json"
    assert file_word(Path("a/-net.json")) == "a/-net.json"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("name", ["bad\udcff.json", "a'\\\x1b[31m\n$x", "it's", "\u202eé\udc80"])
def test_bash_reads_them_back(name: str) -> None:
    line = shell_joined(["printf", "%s", name])
    assert "\x1b" not in line
    assert "\udcff" not in line
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    assert os.fsdecode(done.stdout) == name
