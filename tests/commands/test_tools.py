"""The scripts in tools/: from any folder, through a link, as modules, and in a spawned child."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TOOLS = (
    *("train", "inspect", "evaluate", "predict", "compare", "runs", "report", "run", "benchmark"),
    *("lsp", "import", "export", "serve"),
)
MODULES = {"import": "import_model"}  # of commands whose name is a word of Python
HANGS = 600  # seconds
Run = Callable[..., Any]


@pytest.fixture
def bare(root: Path) -> Run:
    """Run `python ARGUMENTS…` without a path to the package."""

    def run(*arguments: str | Path, cwd: Path = root) -> Any:
        command = [sys.executable, *map(str, arguments)]
        env = {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=HANGS)

    return run


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_shows_its_help_from_its_folder(tool: str, bare: Run, root: Path) -> None:
    done = bare(f"{tool}.py", "--help", cwd=root / "tools")
    assert done.returncode == 0, done.stderr
    assert f"python {tool}.py" in done.stdout
    assert "examples:" in done.stdout


def test_every_tool_starts_as_train_does(root: Path) -> None:
    """The tests below use train; the others behave in the same way."""

    def start(tool: str) -> str:
        _, _, code = (root / "tools" / f"{tool}.py").read_text(encoding="utf-8").partition('"""\n')
        return re.sub(r"import gc\n|gc\.disable\(\).*\n\n", "", code).replace(f".{MODULES.get(tool, tool)} ", ".train ")

    assert {start(tool) for tool in TOOLS} == {start("train")}


@pytest.mark.parametrize("folder", [".", "tools", "/"])
def test_train_runs_from_any_folder(folder: str, bare: Run, root: Path, document: Path) -> None:
    done = bare(root / "tools" / "train.py", document, "--dry-run", "--quiet", cwd=root / folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing was written." in done.stdout


def test_train_runs_through_links(bare: Run, root: Path, document: Path, tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to(root / "tools" / "train.py")
    (tmp_path / "folder").symlink_to(root / "tools", target_is_directory=True)
    for script in ("link.py", "folder/train.py"):
        done = bare(tmp_path / script, document, "--dry-run", "--quiet", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def test_train_runs_as_a_module(bare: Run, root: Path, document: Path) -> None:
    for module, cwd in (("tools.train", root), ("train", root / "tools"), ("graphnn", root)):
        command = ["train"] if module == "graphnn" else []
        done = bare("-m", module, *command, document, "--dry-run", "--quiet", cwd=cwd)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_child_that_a_tool_spawns_finds_the_standard_modules(bare: Run, root: Path, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, runpy, sys\n"
        f"sys.path[0] = {str(root / 'tools')!r}\n"
        f"sys.argv = [{str(root / 'tools' / 'inspect.py')!r}]\n"
        f"space = runpy.run_path({str(root / 'tools' / 'inspect.py')!r}, run_name='tool')\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=space['main'], args=(['--help'],))\n"
        "    child.start(); child.join(); sys.exit(child.exitcode)\n"
    )
    done = bare(script, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout


def test_a_mistyped_option_is_reported_without_a_traceback(bare: Run, root: Path, document: Path) -> None:
    done = bare(root / "tools" / "train.py", document, "--resum", cwd=root)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].endswith('train.py: unknown option "--resum"; did you mean "--resume"?')


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")
def test_ctrl_c_while_modules_load_gives_no_traceback(root: Path, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    for tool in TOOLS:
        command = [sys.executable, str(root / "tools" / f"{tool}.py"), "--help"]
        env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=HANGS, check=False)
        assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
