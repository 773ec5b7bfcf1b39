"""Files that are given by mistake: each is called what it is, and nothing else is said of it."""

import pytest

from graphnn.document.document import DocumentSyntaxError, parse_document


def told(text: str) -> list[str]:
    """Return what is told of a text, without the source lines."""
    with pytest.raises(DocumentSyntaxError) as refused:
        parse_document(text, "net.json")
    assert refused.value.repaired is None
    return [str(problem).split("\n")[0] for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("<!DOCTYPE html>\n<title>404: Not Found</title>", "1:1", 'a web page (HTML or XML), "404: Not Found"'),
        ("\n<html>", "2:1", "a web page (HTML or XML), not a document"),
        ("<?xml version='1.0'?>", "1:1", "a web page (HTML or XML)"),
        ("import numpy as np\n", "1:1", "a Python program"),
        ("# mine\n\nfrom torch import nn\n", "3:1", "a Python program"),
        ('"""Mine."""\nimport torch\n', "1:1", "a Python program"),
        ("model = nn.Sequential(\n    nn.ReLU())\n", "1:1", "a Python program"),
        ("model.add(Dense(3))\n", "1:1", "a Python program"),
        ("#!/usr/bin/env python3\nx = 3\n", "1:1", "a program (python3)"),
        ("#!/bin/bash\n", "1:1", "a program (bash)"),
        ("layers:\n  - type: Dense\n", "1:1", "this is YAML"),
        ("---\n# mine\nname: x\nlayers:\n- a\n", "3:1", "this is YAML"),
        ("[training]\nepochs = 5\n", "1:1", "TOML or an INI file; in JSON a section"),
        ("epochs = 5\n[training]\n", "1:1", "TOML or an INI file; in JSON a line"),
        ("# mine\n[net]\nbatch=64\n", "2:1", "a network of Darknet"),
        ('name: "LeNet"\nlayer {\n  name: "data"\n}\n', "1:1", "a network of Caffe"),
        ("layer { name: 'data' }", "1:1", "a network of Caffe"),
        ('"a": 1,\n"b": 2\n', "1:1", 'write "{" before the first key, and "}" at the end'),
        ('  "a": {"c": 1},\n  "b": 2\n}\n', "1:3", 'write "{" before the first key'),
        ("hello\n", "1:1", 'a document starts with "{", found "hello"'),
        ("Error: not found", "1:1", 'a document starts with "{"'),
    ],
)
def test_a_file_of_another_format_is_called_what_it_is(text: str, position: str, words: str) -> None:
    (problem,) = told(text)
    assert problem.startswith(f"net.json:{position}: ")
    assert words in problem


def test_each_unresolved_merge_is_told_with_its_lines_and_nothing_else() -> None:
    merge = '<<<<<<< HEAD\n  "a": 1,\n||||||| base\n  "a": 0\n=======\n  "a": 2,\n>>>>>>> other\n'
    assert told("{\n" + merge + merge + "  'b': 3\n}") == [
        f'net.json:{first}:1: an unresolved merge: lines {first} to {first + 6} hold two versions, "HEAD" and "other", '
        "of which one must go, with the lines of <<<<<<<, ======= and >>>>>>>"
        for first in (2, 9)
    ]
    assert told("{\n<<<<<<< HEAD\n}") == ["net.json:2:1: an unresolved merge begins here; choose one of its versions"]


@pytest.mark.parametrize(
    "text",
    [
        "config = {'a': 1}",
        "const config = {'a': 1};",
        "export default {'a': 1}",
        "```json\n{'a': 1}\n```\n",
        "// mine\n{'a': 1}",
        "\u200b{'a': 1}",
        "\ufeff\ufeff{'a': 1}",
    ],
)
def test_what_stands_around_a_document_is_told_and_the_document_read(text: str) -> None:
    with pytest.raises(DocumentSyntaxError) as refused:
        parse_document(text)
    assert refused.value.repaired is not None
    assert refused.value.repaired.value == {"a": 1}
    assert len(refused.value.problems) == (3 if text.endswith(";") else 2)


def test_a_long_dictionary_of_python_is_called_that() -> None:
    known = "all of this is a value of Python, which json.dump(…, file, indent=2) writes as JSON"
    text = repr({f"key {number}": (number, None, True) for number in range(30)})
    assert told(text)[-1] == f"net.json:1:{len(text)}: {known}"
    further = "here and below are further mistakes, which are told when these are mended"
    wrong = text.replace("True", "true")
    assert told(wrong)[-1] == f"net.json:1:{wrong.index('None', wrong.index('key 6')) + 1}: {further}"
    with pytest.raises(DocumentSyntaxError) as refused:
        parse_document("{'a': 'b', 'c': 'd', 'e': 'f', 'g': 'h'}", "net.json")
    assert str(refused.value.problems[-1]).startswith(f"net.json:1:40: {known}")
