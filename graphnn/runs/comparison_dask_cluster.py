"""A Dask cluster: how its scheduler is reached, and which of its workers can train for this command."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.errors import GraphError
from graphnn.runs.comparison_dask_worker import fitness
from graphnn.runs.store import RunStore, written
from graphnn.storage.replacing import new_temporary
from graphnn.text.installing import import_remedy
from graphnn.text.terminal import note
from graphnn.version import __version__

if TYPE_CHECKING:
    from distributed import Client

PORT = 8786  # of a scheduler, unless it is told another
CONNECTED_WITHIN = 10  # seconds
AS_HERE = f"install {__version__} there, as here"


def place_of(address: str) -> str:
    """Return the host and the port of an address, as people are told a place."""
    return address.partition("://")[2]


def connected(scheduler: str) -> "Client":
    """Return a client of a scheduler. Raises GraphError where there is none, or Dask is not installed."""
    try:
        from distributed import Client
    except ImportError as problem:
        raise GraphError(f"--scheduler needs Dask's package distributed{import_remedy(problem, 'dask')}") from problem
    address = address_of(scheduler)
    try:
        return Client(address, timeout=CONNECTED_WITHIN, set_as_default=False, name="graphnn-compare")
    except OSError as problem:
        advice = "; dask scheduler starts one, and prints its address"
        raise GraphError(f"--scheduler {scheduler}: no scheduler answers there{advice}") from problem


def address_of(scheduler: str) -> str:
    """Return the address of a scheduler, which its file has. Raises GraphError where it is none.

    It is checked here, because a client that is refused its address ends with a traceback, after twenty seconds.
    """
    from distributed.comm import get_address_host_port
    from distributed.security import Security

    try:
        address = scheduler
        if "://" not in scheduler and (scheduler.endswith(".json") or Path(scheduler).exists()):
            if not Path(scheduler).is_file():
                raise GraphError(f"--scheduler {scheduler}: no such file; dask scheduler --scheduler-file writes it")
            address = json.loads(Path(scheduler).read_bytes())["address"]
        get_address_host_port(address)
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as problem:
        advice = f"; write tcp://HOST:{PORT}, or the file of dask scheduler --scheduler-file"
        raise GraphError(f"--scheduler {scheduler}: is no address of a scheduler{advice}") from problem
    if address.startswith("tls://") and Security().get_connection_args("client").get("ssl_context") is None:
        advice = "Dask's configuration names none; write them under distributed.comm.tls.client"
        raise GraphError(f"--scheduler {scheduler}: tls needs certificates, and {advice}")
    return address


def unfit(client: "Client", addresses: list[str], store: RunStore) -> dict[str, str]:
    """Return why some of the workers cannot train into the folder of the runs, by address."""
    with written(store.folder):
        store.folder.mkdir(exist_ok=True)
        descriptor, probe, locked = new_temporary(store.folder, 0o666)
    try:
        answers = client.run(fitness, probe, locked=locked, workers=addresses, on_error="return")
    finally:
        os.close(descriptor)
        probe.unlink(missing_ok=True)
    problems, doubts = dict[str, str](), not locked
    for address, answer in answers.items():
        if isinstance(answer, BaseException):
            problems[address] = f"the worker {address} cannot run graphnn: {answer}; {AS_HERE}"
            continue
        version, said = answer
        doubts = doubts or said == ""
        if version != __version__:
            problems[address] = f"the worker {address} has graphnn {version}; {AS_HERE}"
        elif said:
            problems[address] = f"the worker {address} {said}; a file system of all machines is needed"
    if doubts:
        note(f"{store.folder}: locks do not reach other machines; let no other command train there meanwhile")
    return problems
