"""The parts of the READMEs that show what the program says, between <!-- begin: NAME --> and <!-- end: NAME -->.

To bring them up to date: .venv/bin/python -m pytest --update-golden
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = Path(__file__).resolve().parent
BLOCK = re.compile(r"(<!-- begin: (\w+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)
WIDTH = "100"  # columns of the terminal that is shown


def current(text: str, name: str, content: str) -> str:
    """Return a README with the content of a block replaced."""

    def anew(block: re.Match[str]) -> str:
        return f"{block[1]}\n{content}\n\n{block[3]}" if block[2] == name else block[0]

    return BLOCK.sub(anew, text)


def document() -> str:
    """Return models/digits.json."""
    return fenced("json", (ROOT / "models" / "digits.json").read_text(encoding="utf-8"))


def inspect() -> str:
    """Return what inspect says of models/digits.json."""
    return console("models/digits.json", folder=ROOT, shown="python tools/inspect.py models/digits.json")


def plan() -> str:
    """Return how models/cifar10.json is trained, up to the memory, which depends on the machine."""
    command = ("models/cifar10.json", "--plan")
    text = console(*command, folder=ROOT, shown=f"python tools/inspect.py {' '.join(command)}")
    shown, _, _ = text.partition("\n\nparameters, gradients")
    return f"{shown}\n\n…\n```"


def speedup() -> str:
    """Return how much faster a step of models/cifar10.json gets with more workers, and with machines."""
    command = ("models/cifar10.json", "--plan", "--workers", "2,4,8,16", "--machines", "2", "--network", "10,100")
    text = console(*command, folder=ROOT, shown=f"python tools/inspect.py {' '.join(command)}")
    begin, command_line, *_ = text.split("\n")
    _, model, shown = text.partition("A model of how much")
    return "\n".join([begin, command_line, "…", "", f"{model}{shown}"])


def errors() -> str:
    """Return what is said of a document with mistakes in its text."""
    return said_of("wrong.json")


def misfits() -> str:
    """Return a document whose parts do not fit together, and what is said of it."""
    return broken("misfit.json")


def broken(name: str) -> str:
    """Return a document and the errors it gives."""
    return f"{fenced('json', (EXAMPLES / name).read_text(encoding='utf-8'))}\n\n{said_of(name)}"


def said_of(name: str) -> str:
    """Return the errors that a document gives."""
    return console(name, folder=EXAMPLES, shown=f"graphnn inspect {name}", exit_code=2)


# The memory that training takes grows with the cores; the README's figures are of two, on whatever machine it is made.
ON_TWO_CORES = """
import sys
sys.path[0] = sys.argv.pop(1)
import graphnn.machine.cores
graphnn.machine.cores.available_cores = lambda: 2
from graphnn.commands.inspect import main
sys.exit(main())
"""


def console(*arguments: str, folder: Path, shown: str, exit_code: int = 0) -> str:
    """Return an inspect command and its output; raises RuntimeError for another exit code."""
    command = [sys.executable, "-c", ON_TWO_CORES, str(ROOT), *arguments]
    environment = {**os.environ, "COLUMNS": WIDTH, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    if ran.returncode != exit_code:
        raise RuntimeError(f"{shown}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return fenced("console", f"$ {shown}\n{ran.stdout}{ran.stderr}")


def fenced(language: str, text: str) -> str:
    """Return a code block."""
    return f"```{language}\n{text.rstrip()}\n```"


BLOCKS: dict[str, Callable[[], str]] = {
    "document": document,
    "inspect": inspect,
    "plan": plan,
    "speedup": speedup,
    "errors": errors,
    "misfits": misfits,
}
FILES = dict.fromkeys(("inspect", "plan", "speedup", "misfits"), "tools/README.md")
