"""import: makes a document and weights of a network that another library has saved."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import Parser, add_format_argument, show_report
from graphnn.commands.guarding import guarded
from graphnn.importing.onnx_import import ImportWishes, import_onnx
from graphnn.importing.other_files import check_kind
from graphnn.importing.report import import_report
from graphnn.importing.saving import check_places, save_imported, weights_of
from graphnn.text.terminal import note
from graphnn.text.working import working


def main(argv: Sequence[str] | None = None) -> int:
    """Run `import` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "import",
        "Make a document and weights of an ONNX file, from PyTorch, Keras or elsewhere. What a document cannot say is "
        "refused; the outputs are compared with the file's before anything is written.",
        [
            "lenet.onnx",
            "resnet.onnx --output models/resnet.json --classes cat,dog,horse",
            "lenet.onnx --data mnist --scale 255 --mean 0.1307 --std 0.3081 --softmax",
        ],
    )
    result.add_argument("file", type=Path, metavar="FILE.onnx", help="the network")
    result.add_argument(
        "--output",
        type=Path,
        metavar="SPEC.json",
        help="where the document is written, and the weights beside it, as SPEC.npz; by default beside FILE.onnx",
    )
    result.add_argument("--replace", action="store_true", help="replace a document and weights that are there")
    result.add_argument(
        "--classes", type=names, metavar="A,B,C", help="the names of the classes, in the order of the outputs"
    )
    result.add_argument(
        "--softmax", action="store_true", help="add a Softmax at the end, of a network that gives scores of classes"
    )
    result.add_argument(
        "--data",
        metavar="DATA",
        help="what to evaluate and train on: mnist, cifar10 and so on, an .npz file, or a folder of pictures; without "
        "it, the section of the document is to be filled in",
    )
    group = result.add_argument_group("how samples were normalised before the network, (x / scale - mean) / std")
    group.add_argument("--scale", type=positive, metavar="S", help="255 for pictures in 0…1; 1 if left out")
    group.add_argument("--mean", type=numbers, default=(), metavar="M,…", help="one number, or one for each channel")
    group.add_argument("--std", type=positives, default=(), metavar="D,…", help="one number, or one for each channel")
    add_format_argument(result, csv="one line for each file")
    return result


def run(argv: Sequence[str]) -> int:
    """Import a file, write document and weights, and print what was written."""
    arguments = parser().parse(argv)
    file: Path = arguments.file
    document: Path = arguments.output or file.with_suffix(".json")
    check_kind(file)
    check_places(document, replace=arguments.replace)
    wishes = ImportWishes(
        arguments.classes, arguments.data, arguments.scale, arguments.mean, arguments.std, arguments.softmax
    )
    with working(f"importing {file}"):
        imported = import_onnx(file, wishes, folder=document.parent)
    save_imported(document, imported.values, imported.arrays, imported.meta, replace=arguments.replace)
    for text in imported.notes:
        note(text)
    show_report(import_report(imported, (document, weights_of(document))), arguments.format)
    return 0


def names(text: str) -> tuple[str, ...]:
    """Return names separated by commas, for `type=` of an argument."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f'"{text}" has an empty name; write them as cat,dog,horse')
    return found


def numbers(text: str) -> tuple[float, ...]:
    """Return numbers separated by commas, for `type=` of an argument."""
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f'"{text}" is no row of numbers such as 0.485,0.456,0.406') from problem


def positives(text: str) -> tuple[float, ...]:
    """Return numbers above 0 separated by commas, for `type=` of an argument."""
    found = numbers(text)
    if not all(number > 0 for number in found):
        raise argparse.ArgumentTypeError(f'"{text}" has a number that is not above 0')
    return found


def positive(text: str) -> float:
    """Return a number above 0, for `type=` of an argument."""
    found = positives(text)
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not one number')
    return found[0]
