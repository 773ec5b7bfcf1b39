"""serve: a trained network behind an HTTP address, with a page to try it."""

import argparse
import importlib.util
import math
import re
from argparse import Namespace
from collections.abc import Sequence

from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_kernels_argument,
    add_weights_argument,
    document_source,
    natural_number,
    positive_integer,
)
from graphnn.commands.guarding import UsageError, guarded
from graphnn.errors import GraphError
from graphnn.serving.limits import Limits
from graphnn.text.installing import extra_command
from graphnn.text.terminal import complain, note, say

NEEDED = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client", "PIL")
HOST, PORT = "127.0.0.1", 8000
MOST_PORT = 65_535
MIB = 1 << 20
DEFAULT = Limits()


def main(argv: Sequence[str] | None = None) -> int:
    """Run `serve` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "serve",
        "Answer predictions over HTTP: POST /predict takes pictures, arrays and rows of tables, and GET / is a page to "
        "try the network on. Ctrl-C stops, once the requests under way are answered.",
        ["models/mnist.json", "models/cifar10.json --port 0 --workers 2 --watch", "iris.json --host 0.0.0.0"],
    )
    add_document_arguments(result)
    add_weights_argument(result)
    result.add_argument(
        "--host",
        default=HOST,
        metavar="ADDRESS",
        help=f"the address to listen at: {HOST} by default, which only this machine reaches; 0.0.0.0: all of its own",
    )
    result.add_argument(
        "--port", type=port_number, default=PORT, metavar="N", help=f"{PORT} by default; 0 takes any that is free"
    )
    result.add_argument(
        "--workers",
        type=positive_integer,
        default=1,
        metavar="N",
        help="processes that answer, each with the network and one thread to compute it; 1 by default",
    )
    result.add_argument(
        "--watch", action="store_true", help="take up new weights when their file is replaced, without a break"
    )
    add_kernels_argument(result)
    batches = result.add_argument_group("batches")
    batches.add_argument(
        "--max-batch",
        type=positive_integer,
        default=64,
        metavar="N",
        help="most samples computed together; 64 by default; with 1, answers have the very bits of `predict` for one",
    )
    batches.add_argument(
        "--batch-wait-ms",
        type=natural_duration,
        default=2.0,
        metavar="MS",
        help="how long a request waits, at most, for others that are being read; 2 by default",
    )
    add_limit_arguments(result)
    result.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages from there ask and read answers, as https://example.org, or * for all; may be repeated",
    )
    result.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer also where the address has this name, as example.org behind a proxy; a server that only this "
        "machine reaches answers to localhost and numbers alone; may be repeated",
    )
    result.add_argument("--access-log", action="store_true", help="print a line for each request")
    return result


def add_limit_arguments(result: Parser) -> None:
    """Add an option for each limit."""
    limits = result.add_argument_group("limits, for each worker")
    for option, kind, default, text in (
        ("--max-body", positive_integer, DEFAULT.body // MIB, "MiB of a request"),
        ("--max-pixels", positive_integer, DEFAULT.pixels, "pixels of a picture"),
        ("--max-files", positive_integer, DEFAULT.files, "files in a request"),
        ("--max-queue", positive_integer, DEFAULT.queue, "requests under way; further ones are to come again later"),
        ("--max-held", positive_integer, DEFAULT.held // MIB, "MiB of all bodies under way"),
        ("--read-timeout", duration, DEFAULT.reading, "seconds in which a client sends its request"),
        ("--timeout", duration, DEFAULT.answering, "seconds from then to the answer"),
    ):
        limits.add_argument(option, type=kind, default=default, metavar="N", help=f"{text}; {default:,.10g} by default")


def run(argv: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    arguments = parser().parse(argv)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise GraphError(f"serve needs {missing[0]}, which is not installed: {extra_command('serve')}")
    from threadpoolctl import threadpool_limits

    from graphnn.serving.askers import Askers
    from graphnn.serving.batching import Batching  # here and below, because they need the extra
    from graphnn.serving.served import load_served
    from graphnn.serving.server import Settings, bound, is_loopback, serve, url_of

    source, most = document_source(arguments), arguments.max_batch
    hosts, origins = tuple(map(host_name, arguments.allow_host)), tuple(map(origin, arguments.allow_origin))
    with threadpool_limits(1, "blas"):  # of all engines, of which one may end after another has begun
        served = load_served(source, arguments.weights, most=most, kernels=arguments.kernels)
        with bound(arguments.host, arguments.port) as listener:
            local = is_loopback(listener)
            if not local:
                note("everyone who reaches this machine over the network can use the server; it asks for no password")
            settings = Settings(
                source=source,
                weights=arguments.weights,
                kernels=arguments.kernels,
                watch=arguments.watch,
                limits=limits_of(arguments),
                batching=Batching(most, arguments.batch_wait_ms / 1000),
                workers=arguments.workers,
                access_log=arguments.access_log,
                askers=Askers(hosts if local or hosts else None, origins),
                tell=complain,
            )

            def ready() -> None:
                name = served.trained.spec.name
                say(f"{name} is served at {url_of(listener)} by {served.kernels.name}; Ctrl-C stops it.")

            serve(settings, served, listener, ready)
    return 0


def limits_of(arguments: Namespace) -> Limits:
    """Return the limits that the arguments ask for."""
    return Limits(
        body=arguments.max_body * MIB,
        pixels=arguments.max_pixels,
        files=arguments.max_files,
        queue=arguments.max_queue,
        held=arguments.max_held * MIB,
        reading=arguments.read_timeout,
        answering=arguments.timeout,
    )


def origin(text: str) -> str:
    """Return the origin of a page as browsers write it. Raises UsageError for an address that is none."""
    found = re.fullmatch(r"(\*|https?://[^/?#\s]+)(/?)", text)
    if found is None:
        raise UsageError(f'--allow-origin: "{text}" is no origin such as https://example.org, nor *')
    return found[1]


def host_name(text: str) -> str:
    """Return the name of a machine in small letters. Raises UsageError for an address, or a name with a port."""
    if re.fullmatch(r"[^\s:/?#@\[\]]+", text) is None:
        raise UsageError(f'--allow-host: "{text}" is no name such as example.org; leave out http:// and the port')
    return text.rstrip(".").lower()


def port_number(text: str) -> int:
    """Return the number of a port, for `type=` of an argument."""
    value = natural_number(text)
    if value > MOST_PORT:
        raise argparse.ArgumentTypeError(f'"{text}" is no port; they go up to {MOST_PORT}')
    return value


def duration(text: str) -> float:
    """Return a time above 0, for `type=` of an argument."""
    value = natural_duration(text)
    if not value:
        raise argparse.ArgumentTypeError(f'"{text}" is no time above 0')
    return value


def natural_duration(text: str) -> float:
    """Return a time of 0 or more, for `type=` of an argument."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" is no time of 0 or more')
    return value
