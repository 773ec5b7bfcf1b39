"""The machine that measurements are made on."""

import os
import platform

import numpy as np
from threadpoolctl import threadpool_info

from graphnn.machine.cores import available_cores


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, cores, versions, and the load average of the last minute."""
    blas = [f"{each['internal_api']} {each['version']}" for each in threadpool_info() if each["user_api"] == "blas"]
    return {
        "processor": processor(),
        "cores": str(available_cores()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(dict.fromkeys(blas)) or "unknown",
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def processor() -> str:
    """Return the processor's name, or the architecture where the system does not tell the name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - reads one line of a file without a size
            names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
            return next(names, platform.machine())
    except OSError:  # not Linux
        return platform.processor() or platform.machine()


def machine_text(facts: dict[str, str]) -> str:
    """Return the machine in one line."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load']} before; "
        f"Python {facts['python']}, numpy {facts['numpy']}, {facts['blas']}"
    )
