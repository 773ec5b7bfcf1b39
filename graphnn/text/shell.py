"""Command lines to copy into a shell, with quotes where it needs them."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from graphnn.text.visible import unseen


def shell_joined(words: Iterable[str]) -> str:
    """Return a command line of words."""
    return " ".join(map(shell_word, words))


def shell_word(word: str) -> str:
    r"""Return a word as a shell reads it; one with characters that a terminal does not show as $'bad\xff.json'."""
    if word.isprintable() or not any(map(unseen, word)):
        return shlex.quote(word)
    return f"$'{''.join(map(in_ansi_quotes, word))}'"


def in_ansi_quotes(character: str) -> str:
    """Return a character as it is written between $' and ', which shells took from ANSI C."""
    if character in "\\'":
        return f"\\{character}"
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character)) if unseen(character) else character


def file_word(file: Path) -> str:
    """Return the name of a file as a word of a command line, where no command takes it for an option."""
    name = str(file)
    return shell_word(f"./{name}" if name.startswith("-") else name)
