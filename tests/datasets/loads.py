"""Loads data sets in processes of its own, some of which it kills; one case a line on stdin, its results on stdout.

Forked from one process, which has imported everything, a load starts in a millisecond.
"""

import hashlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from graphnn.datasets import cifar10, cifar_files, download, mnist, transfer, unpack  # noqa: F401  # before the forks
from graphnn.datasets.loading import load
from graphnn.datasets.remote import Remote
from graphnn.errors import GraphError


def prepare(case: dict[str, Any]) -> None:
    """Make the files of the case those published, and all waits short."""
    remotes = [Remote(name, tuple(addresses), md5, size) for name, addresses, md5, size in case["remotes"]]
    mnist.FILES = {remote.name.removesuffix(".gz"): remote for remote in remotes}
    cifar10.ARCHIVE = remotes[0]
    cifar10.RECORDS = 10
    transfer.TIMEOUT, transfer.PERIOD = case["timeout"], 10.0
    download.PAUSE = 0.001


def result(case: dict[str, Any]) -> str:
    """Return the digest of the samples, or the error."""
    try:
        data = load(case["dataset"], data_dir=case["folder"], show_progress=False)
    except GraphError as error:
        return f"error: {error}"
    except BaseException:
        return traceback.format_exc()
    digest = hashlib.sha256()
    for array in (data.x_train, data.y_train, data.x_test, data.y_test):
        digest.update(array.tobytes())
    return digest.hexdigest()


def run(case: dict[str, Any]) -> list[str]:
    """Return the result of each load; "killed" where it was. case["kills"]: after how many seconds; None: never."""
    with tempfile.TemporaryDirectory() as folder:
        ends = {}
        for number, delay in enumerate(case["kills"]):
            process = os.fork()
            if process == 0:
                prepare(case)
                (Path(folder) / str(number)).write_text(result(case))
                os._exit(0)
            ends[process] = (number, time.monotonic() + (1e9 if delay is None else delay))
        results = ["killed"] * len(ends)
        while ends:
            time.sleep(0.001)
            for process, (number, end) in list(ends.items()):
                if time.monotonic() > end:
                    os.kill(process, signal.SIGKILL)
                gone, status = os.waitpid(process, os.WNOHANG)
                if gone:
                    del ends[process]
                    if status == 0:
                        results[number] = (Path(folder) / str(number)).read_text()
        return results


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
