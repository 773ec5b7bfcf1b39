"""How this process joins the job of MPI that it was started in."""

from graphnn.engine.ranks import Ranks
from graphnn.errors import GraphError
from graphnn.machine.launchers import after_the_first, launched


def joined() -> Ranks | None:
    """Return the ranks of the job that this process belongs to; None where it is alone.

    Raises GraphError where there is no mpi4py, or one for another MPI than that which has started the job.
    """
    size, _ = launched()
    if size == 1:
        return None
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as problem:
        from graphnn.text.installing import import_remedy

        after_the_first()
        raise GraphError(f"training by several ranks needs mpi4py{import_remedy(problem, 'mpi')}") from problem
    if MPI.COMM_WORLD.size != size:
        after_the_first()
        library = MPI.Get_library_version().replace("\t", " ").partition("\n")[0].partition(",")[0].rstrip("\0 ")
        raise GraphError(
            f"{size} processes were started together, and mpi4py here, with {library}, finds {MPI.COMM_WORLD.size}; "
            "use the mpirun of that MPI, or srun --mpi=pmix, or install mpi4py for the other one"
        )
    return Ranks(MPI.COMM_WORLD.Dup())
