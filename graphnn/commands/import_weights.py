"""import --into: makes weights of another library the weights of a document."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_format_argument,
    add_plugin_argument,
    show_report,
)
from graphnn.commands.import_arguments import add_normalisation_arguments, names
from graphnn.reports.kinds import COUNT
from graphnn.reports.report import Column, Fact, Facts, Report, Table
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import weights_beside
from graphnn.runs.weights_import import ImportedWeights, WeightsImport, import_weights
from graphnn.text.terminal import note
from graphnn.text.working import working

ROWS = (
    Column("layer", key="layer"),
    Column("module in the file", key="module"),
    Column("parameters", key="parameters"),
)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "import",
        "Make the weights of a file the weights of a document, without training: NAME.npz beside NAME.json. Modules of "
        "the file and layers of the document are matched; what is not certain is refused.",
        [
            "resnet18.pt --into models/cifar10_resnet18.json",
            "lenet.safetensors --into lenet.json --scale 255 --mean 0.1307 --std 0.3081",
            "net.keras --into net.json --map map.json",
        ],
    )
    result.add_argument("file", type=Path, metavar="FILE", help="weights: .safetensors, .pt, .pth, .onnx, .keras, .h5")
    result.add_argument("--into", type=Path, metavar="SPEC.json", required=True, help="the document of the network")
    result.add_argument("--output", type=Path, metavar="W.npz", help="where the weights are written; else beside it")
    result.add_argument("--replace", action="store_true", help="replace weights that are there")
    result.add_argument(
        "--map",
        type=Path,
        metavar="MAP.json",
        help="says which module of the file is which layer; written first if it is not there",
    )
    result.add_argument(
        "--classes", type=names, metavar="A,B,C", help="the names of the classes, in the order of the outputs"
    )
    add_plugin_argument(result)
    add_data_argument(result)
    add_normalisation_arguments(result)
    add_format_argument(result, csv="one line for each layer")
    return result


def run(argv: Sequence[str]) -> int:
    """Import weights, and print what came from where."""
    arguments = parser().parse(argv)
    request = WeightsImport(
        file=arguments.file,
        source=DocumentSource.of(arguments.into, (), arguments.plugins),
        output=arguments.output or weights_beside(arguments.into),
        map_file=arguments.map,
        scale=arguments.scale,
        mean=arguments.mean,
        std=arguments.std,
        classes=arguments.classes,
        replace=arguments.replace,
        data_dir=arguments.data_dir,
    )
    with working(f"importing {arguments.file}"):
        imported = import_weights(request)
    for text in imported.notes:
        note(f"{arguments.file}: {text}")
    show_report(weights_report(imported), arguments.format)
    return 0


def weights_report(imported: ImportedWeights) -> Report:
    """Return the report of imported weights."""
    fitted = imported.fitted
    names = {slot.name: ", ".join(key.rpartition("/")[2] for key in slot.keys.values()) for slot in fitted.slots}
    rows = [(name, module.name, names[name]) for name, module in fitted.matching.pairs.items()]
    parameters = sum(array.size for array in fitted.arrays.values())
    rules = ", then ".join(rule.value for rule in fitted.matching.rules)
    facts = [
        Fact("written", str(imported.path)),
        Fact("from", f"{fitted.file.path}, {fitted.file.kind}"),
        Fact("parameters", parameters, COUNT),
        Fact("matched by", rules),
    ]
    data = {
        "file": str(imported.path),
        "from": str(fitted.file.path),
        "parameters": parameters,
        "matched_by": [rule.name.lower() for rule in fitted.matching.rules],
        "layers": {name: module for name, module, _ in rows},
        "normalisation": imported.normalisation.to_json(),
        "notes": list(imported.notes),
    }
    table = Table(ROWS, rows)
    return Report([table, Facts(facts)], data, rows=table)
