"""import: makes a document and weights of a network that another library has saved."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import Parser, add_format_argument, show_report
from graphnn.commands.guarding import guarded
from graphnn.commands.import_arguments import add_normalisation_arguments, names
from graphnn.importing.onnx.imported import ImportWishes, import_onnx
from graphnn.importing.other_files import check_kind
from graphnn.importing.report import import_report
from graphnn.importing.saving import check_places, save_imported
from graphnn.storage.weights import weights_path
from graphnn.text.terminal import note
from graphnn.text.working import working

INTO = "--into"


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
    result.add_argument(
        INTO,
        metavar="SPEC.json",
        help="take the weights alone, of an ONNX file or any other, for this document; with --help, says more",
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
    add_normalisation_arguments(result)
    add_format_argument(result, csv="one line for each file")
    return result


def run(argv: Sequence[str]) -> int:
    """Import a file, write document and weights, and print what was written."""
    if any(argument.partition("=")[0] == INTO for argument in argv):
        from graphnn.commands.import_weights import run as run_into  # for weights alone

        return run_into(argv)
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
    show_report(import_report(imported, (document, weights_path(document))), arguments.format)
    return 0
