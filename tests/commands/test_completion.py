"""--print-completion: what shells complete, by the shells themselves."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands.main import COMMANDS

pytest.importorskip("shtab")
Run = Callable[..., Any]
SHELLS = ("bash", "zsh", "tcsh")
FILES = ("net.json", "net.npz", "photo.png", "my.py", "sub/deep.json")
# What is typed, and what is offered then.
CASES: dict[str, list[str]] = {
    "graphnn ": list(COMMANDS),
    "graphnn pre": ["predict"],
    "graphnn --print-c": ["--print-completion"],
    "graphnn --print-completion z": ["zsh"],
    "graphnn predict ": ["net.json", "sub"],
    "graphnn train sub/": ["sub/deep.json"],
    "graphnn predict net.json ph": ["photo.png"],
    "graphnn predict net.json --top 3 ph": ["photo.png"],
    "graphnn predict net.json --forma": ["--format"],
    "graphnn predict net.json photo.png --format js": ["json", "jsonl"],
    "graphnn evaluate net.json --weights ": ["net.npz", "sub"],
    "graphnn train net.json --data-dir ": ["sub"],
    "graphnn train net.json --plugin ": ["my.py", "sub"],
    "graphnn train net.json --kernels nu": ["numpy", "numba"],
    "graphnn run unittest rel": ["relu"],
    "graphnn run m": ["mnist"],
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the completion of each shell, as `python -m graphnn` prints it."""
    folder = tmp_path_factory.mktemp("scripts")
    root = Path(__file__).parents[2]
    code = (
        "import sys, shtab; from pathlib import Path; from contextlib import redirect_stdout\n"
        "from graphnn.commands.main import main\n"
        "for shell in shtab.SUPPORTED_SHELLS:\n"
        "    with Path(sys.argv[1], shell).open('w') as file, redirect_stdout(file):\n"
        "        assert main(['--print-completion', shell]) == 0\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], cwd=root, check=True)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a few files."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_offers(scripts: Path, here: Path) -> None:
    lines = [f"source {shlex.quote(str(scripts / 'bash'))}"]
    for typed in CASES:
        words = shlex.split(typed) + ([""] if typed.endswith(" ") else [])
        lines += [f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); _shtab_graphnn"]
        lines += ["printf '%s ' \"${COMPREPLY[@]}\"; echo"]
    done = subprocess.run(["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    found = [sorted(line.split()) for line in done.stdout.splitlines()]
    assert dict(zip(CASES, found, strict=True)) == {typed: sorted(words) for typed, words in CASES.items()}


def typed_in(shell: str, script: Path, folder: Path, line: str, awaited: str) -> str:
    """Type a line and Tab into a shell in a terminal, and return what it shows until the awaited text is there."""
    starts = {
        "bash": (["bash", "--norc", "--noprofile", "-i"], f"source {script}; PS1='rd''y> '"),
        "zsh": (["zsh", "-f", "-i"], f"autoload -Uz compinit; compinit -u -D; eval \"$(<{script})\"; PS1='rd''y> '"),
        "tcsh": (["tcsh", "-f", "-i"], f"source {script}; set prompt='rd''y> '"),
    }
    command, start = starts[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="vt100", COLUMNS="200", HOME=str(folder))
        os.execvp(command[0], command)
    shown = ""

    def wait_for(text: str) -> None:
        nonlocal shown
        end = time.monotonic() + 8
        while text not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x07|\r", "", shown):
            assert time.monotonic() < end, shown
            if select.select([terminal], [], [], 1)[0]:
                try:
                    shown += os.read(terminal, 4096).decode(errors="replace")
                except OSError:  # the shell has ended
                    pytest.fail(shown)

    try:
        os.write(terminal, f"{start}\n".encode())
        wait_for("rdy> ")
        shown = ""
        os.write(terminal, line.encode() + b"\t")
        wait_for(awaited)
    finally:
        os.close(terminal)
        os.kill(child, 9)
        os.waitpid(child, 0)
    return shown


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "awaited"),
    [
        ("graphnn evaluate net.json --weights n", "--weights net.npz"),
        pytest.param("graphnn eval", "graphnn evaluate", marks=pytest.mark.long),
        pytest.param("graphnn predict net.json --show --kern", "--kernels", marks=pytest.mark.long),
        pytest.param("graphnn predict net.json --kernels nump", "--kernels numpy", marks=pytest.mark.long),
        pytest.param("graphnn train net.j", "net.json", marks=pytest.mark.long),
    ],
)
def test_a_shell_completes(shell: str, line: str, awaited: str, scripts: Path, here: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    assert awaited not in line
    typed_in(shell, scripts / shell, here, line, awaited)


def test_all_commands_and_their_options_are_there(scripts: Path) -> None:
    for shell in SHELLS:
        text = (scripts / shell).read_text()
        for name in COMMANDS:
            assert name in text, (shell, name)
        assert "--files-from" in text if shell != "tcsh" else "files-from" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--print-completion: name your shell, one of bash, zsh, tcsh"),
        (["bsh"], '--print-completion: unknown shell "bsh"; did you mean "bash"?'),
        (["nushell"], '--print-completion: unknown shell "nushell"; known: bash, zsh, tcsh'),
        (["bash", "more"], '--print-completion: unexpected argument "more"'),
    ],
)
def test_a_shell_must_be_named(arguments: list[str], message: str, graphnn: Run) -> None:
    done = graphnn("--print-completion", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


def test_both_ways_of_writing_it_and_without_shtab(graphnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = graphnn("--print-completion=zsh")
    assert (done.returncode, done.stdout) == (0, graphnn("--print-completion", "zsh").stdout)
    monkeypatch.setitem(sys.modules, "shtab", None)
    done = graphnn("--print-completion", "bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(
        r"--print-completion needs shtab, which is not installed: .*pip install 'graphnn\[completion\]'", done.stderr
    )
