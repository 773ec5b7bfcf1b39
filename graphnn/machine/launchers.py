"""Which job of several processes this one was started in, as mpirun or srun says in the environment."""

import os
import time

# What tells a process how many were started, and which of them it is: Open MPI; MPICH, Intel MPI and srun --mpi=pmi2;
# MVAPICH; srun --mpi=pmix, of which the first variable is set without MPI, too.
LAUNCHERS = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("SLURM_STEP_NUM_TASKS", "PMIX_RANK"),
)
PATIENCE = 3.0  # seconds


def launched() -> tuple[int, int]:
    """Return how many processes of a job were started together, and the number of this one, from 0; else 1 and 0."""
    for size, rank in LAUNCHERS:
        found = os.environ.get(size, ""), os.environ.get(rank, "")
        if all(each.isdecimal() for each in found) and int(found[0]) > 1:
            return int(found[0]), int(found[1])
    return 1, 0


def after_the_first() -> None:
    """Return when the first process of the job has said what is wrong with all, after which its launcher ends them."""
    if launched()[1]:
        time.sleep(PATIENCE)
