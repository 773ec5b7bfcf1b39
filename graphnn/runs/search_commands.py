"""The command lines that go on from a search: to train a pruned trial to its end, and to use the best one."""

from collections.abc import Iterator

from graphnn.runs.comparison import ComparisonRequest
from graphnn.runs.reading import document_command, has_place
from graphnn.runs.search_trial import SearchTrial
from graphnn.runs.store import SUFFIX, store_of
from graphnn.runs.trained import weights_beside
from graphnn.text.shell import file_word, shell_joined


def resume_command(request: ComparisonRequest, trial: SearchTrial) -> str | None:
    """Return the command that trains a pruned trial to its end; None for a document from a pipe, which is gone by then.

    None, too, where its run lies in a folder of another name.
    """
    document, store = request.document.file, request.store
    beside = is_beside(request)
    if not has_place(document) or (not beside and store.folder.suffix != SUFFIX):
        return None
    weights = None if beside else store.folder.with_suffix(".npz")
    options = options_of(request, trial)
    more = f" {options}" if options else ""
    return f"{document_command('train', 'compare', document, weights)}{more} --resume {trial.run}"


def is_beside(request: ComparisonRequest) -> bool:
    """Whether the runs are those beside the document."""
    document = request.document.file
    return has_place(document) and request.store == store_of(weights_beside(document))


def options_of(request: ComparisonRequest, trial: SearchTrial) -> str:
    """Return the options by which `train` trains what a trial has trained."""
    overrides = () if trial.training is None else trial.training.variant.overrides
    words = [word for override in (*request.document.overrides, *overrides) for word in ("--set", override)]
    words += [word for plugin in request.document.plugins for word in ("--plugin", str(plugin))]
    words += [] if request.limit is None else ["--limit", str(request.limit)]
    words += [] if request.data_dir is None else ["--data-dir", str(request.data_dir)]
    words += [] if request.kernels is None else ["--kernels", request.kernels]
    return shell_joined(words)


def commands(request: ComparisonRequest, best: SearchTrial) -> Iterator[tuple[str, str]]:
    """Yield what to do with the best trial, each as its purpose and a command line."""
    document = request.document.file
    known = None if best.training is None else best.training.known
    if known is None:
        return
    if is_beside(request):
        yield "To use its weights", f"{document_command('runs', 'compare', document)} --promote {known.run.number}"
    else:
        yield "Its weights", file_word(known.run.weights)
    if not has_place(document):
        return
    options = options_of(request, best)
    more = f" {options}" if options else ""
    elsewhere = "" if is_beside(request) else f" --output {file_word(request.store.folder)}"  # where one is trained
    yield (
        "To see how much of it is luck",
        f"{document_command('compare', 'compare', document)}{more} --seeds 0,1,2{elsewhere}",
    )
