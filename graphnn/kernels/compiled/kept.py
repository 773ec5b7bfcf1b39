"""Compiles functions at their first call, and keeps the results on disk for later processes where that is possible."""

import hashlib
import os
import pickle
from collections.abc import Callable
from typing import Any

from numba import config, njit
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator
from numba.core.serialize import dumps

from graphnn.kernels.compiled.announced import Announcer
from graphnn.kernels.compiled_cache import cache_folder, warn_that_nothing_is_kept

OPTIONS = {"nogil": True, "error_model": "numpy"}
CACHE = cache_folder(config.CACHE_DIR)
event.register("numba:compile", Announcer(once=CACHE is not None))


class Failures:
    """Tells once that a compiled function cannot be kept, and only in the process that has imported this module."""

    def __init__(self) -> None:
        self._untold_in: int | None = os.getpid()

    def add(self, error: Exception) -> None:
        """Issue the warning, if it has not been issued; processes forked from this one compile the same functions."""
        if self._untold_in == os.getpid():
            self._untold_in = None
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            warn_that_nothing_is_kept(f"{CACHE}: {reason}", stacklevel=3)


FAILURES = Failures()


class Sealed(CompileResultCacheImpl):
    """Stores a compiled function with its digest, because damaged machine code could do anything."""

    _locator_classes = (UserProvidedCacheLocator,)

    def reduce(self, compiled: Any) -> tuple[bytes, bytes]:
        """Return the digest of a compiled function and the function, serialised."""
        content = dumps(super().reduce(compiled))
        return hashlib.sha256(content).digest(), content

    def rebuild(self, context: Any, stored: tuple[bytes, bytes]) -> Any:
        """Return a compiled function. Raises ValueError where it is damaged."""
        digest, content = stored
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("the file of a compiled function is damaged")
        return super().rebuild(context, pickle.loads(content))


class DiskCache(FunctionCache):
    """A function's part of the cache; what is damaged there is thrown away, and compiled again."""

    _impl_class = Sealed

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the compiled function for a signature; None where it is not there, or not readable."""
        try:
            return super().load_overload(signature, context)
        except Exception:  # a damaged file can raise anything when it is unpickled
            self.forget()
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Store the compiled function for a signature, unless the folder is no longer writable or the disk is full."""
        try:
            super().save_overload(signature, compiled)
        except OSError as error:
            self.disable()
            FAILURES.add(error)

    def forget(self) -> None:
        """Empty the index of the function's compiled forms."""
        try:
            self.flush()
        except OSError as error:
            self.disable()
            FAILURES.add(error)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call, and keep the result on disk for later processes where that is possible."""
    dispatcher = njit(**OPTIONS)(function)
    if CACHE is not None:
        usual, config.CACHE_DIR = config.CACHE_DIR, str(CACHE)
        try:
            dispatcher._cache = DiskCache(function)
        except RuntimeError as error:  # the folder is no longer writable
            FAILURES.add(error)
        finally:
            config.CACHE_DIR = usual
    return dispatcher  # type: ignore[no-any-return]
