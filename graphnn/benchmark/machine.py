"""The machine that measurements are made on."""

import os
import platform

import numpy as np
from threadpoolctl import threadpool_info

from graphnn.engine.workers import available_cores


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, cores, other work before (load average of a minute), versions."""
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
    """Return the processor's name where the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - one line is wanted of a file without size
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
