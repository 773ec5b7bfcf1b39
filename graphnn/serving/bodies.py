"""The body of a request: read within the limits, and taken apart into files or values."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NoReturn

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from graphnn.evaluation.json_values import TwinKeysError, without_twins
from graphnn.serving.given import QueryOptions, RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import RequestProblem, malformed, too_large, unsuitable
from graphnn.text.numbers import bytes_text
from graphnn.text.suggestions import quoted
from graphnn.text.visible import single_line

JSON, MULTIPART, ARRAY = "application/json", "multipart/form-data", "application/x-npy"
BYTES = ("application/octet-stream", ARRAY)
BODY = "body"  # what the one file of a body is called
LONGEST_NAME = 200
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what is wrong with a body is told to its sender
HOW = 'send a picture by curl -F image=@picture.png, or JSON as {"inputs": [...]} with Content-Type: application/json'


class InMemoryParser(MultiPartParser):
    """A parser that keeps files in memory, where the body is already."""

    spool_max_size = 1 << 40
    ended = False  # whether the boundary that ends the body has come

    def on_end(self) -> None:
        """Note that the body is whole."""
        self.ended = True


class Held:
    """Counts the bytes of all bodies that are under way in this worker. most: bytes. now: those at present."""

    def __init__(self, most: int) -> None:
        self.most, self.now = most, 0

    @contextmanager
    def one(self) -> Iterator[Callable[[int], None]]:
        """A context with the function that counts bytes of one body; when it ends, they count no longer.

        The function raises RequestProblem, and counts nothing, where they would be too many.
        """
        own = 0

        def add(count: int) -> None:
            nonlocal own
            if self.now + count > self.most:
                text = "the requests under way fill the memory for them; try again later"
                raise RequestProblem(HTTPStatus.TOO_MANY_REQUESTS, text)
            self.now += count
            own += count

        try:
            yield add
        finally:
            self.now -= own


async def read_body(request: Request, limits: Limits, add: Callable[[int], None]) -> bytes:
    """Return the body of a request. add: counts its bytes. Raises RequestProblem where it is over a limit."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limits.body:
        refuse_size(limits)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.reading):
            async for part in request.stream():
                size += len(part)
                if size > limits.body:
                    refuse_size(limits)
                add(len(part))
                parts.append(part)
    except TimeoutError as problem:
        text = f"the body was not here within {limits.reading:g} seconds"
        raise RequestProblem(HTTPStatus.REQUEST_TIMEOUT, text) from problem
    return parts[0] if len(parts) == 1 else b"".join(parts)


def refuse_size(limits: Limits) -> NoReturn:
    raise too_large(f"the body has more than {bytes_text(limits.body)}, the most that is read; send fewer or smaller")


async def given_in(request: Request, body: bytes, wanted: QueryOptions, limits: Limits) -> RequestInputs:
    """Return what a body gives, by its content type. Raises RequestProblem for one that is not taken, or is wrong."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return RequestInputs(wanted, await files_of(request, body, limits), size=len(body))
    if kind == JSON or kind.endswith("+json"):
        return RequestInputs(wanted, values=await values_of(body), size=len(body))
    if kind.startswith("image/") or kind in BYTES:
        if not body:
            raise malformed("the body is empty, where a picture should be")
        return RequestInputs(wanted, ((BODY, body),), size=len(body))
    found = f"Content-Type {quoted(kind)} is not read here" if kind else "the request has no Content-Type"
    raise RequestProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{found}; {HOW}")


async def values_of(body: bytes) -> Any:
    """Return the values of JSON. Raises RequestProblem where it is none."""
    try:
        return json.loads(body, parse_constant=refuse_constant, object_pairs_hook=without_twins)
    except UnicodeDecodeError as problem:
        raise malformed(f"the body is not UTF-8: {problem.reason}") from problem
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno} column {problem.colno}"
        raise malformed(f"the body is not JSON: {problem.msg} at {place}") from problem
    except TwinKeysError as problem:
        raise malformed(f"the body {problem}") from problem
    except RecursionError as problem:
        raise malformed("the body is not JSON of use: its lists are too deep") from problem
    except ValueError as problem:  # a number of thousands of digits
        raise malformed(f"the body is not JSON of use: {problem}") from problem


def refuse_constant(name: str) -> NoReturn:
    raise malformed(f"the body is not JSON: {name} is no number of JSON")


async def files_of(request: Request, body: bytes, limits: Limits) -> tuple[tuple[str, bytes], ...]:
    """Return the files of a multipart body, with their names."""

    async def stream() -> AsyncIterator[bytes]:
        yield body
        yield b""

    parser = InMemoryParser(request.headers, stream(), max_files=limits.files, max_fields=limits.files)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError) as problem:  # the latter from starlette before 1.0
        if str(problem).startswith("Too many"):
            raise too_large(f"the request has more than {limits.files} files, the most that are read") from problem
        raise malformed(f"the body is not multipart/form-data: {problem}") from problem
    if body and not parser.ended:
        raise malformed("the body is not multipart/form-data: it ends in the middle")
    found: list[tuple[str, bytes]] = []
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            raise unsuitable(f"the field {quoted(name)} is no file; parameters stand in the address, as in ?top=3")
        found.append((single_line(value.filename or name)[:LONGEST_NAME], await value.read()))
        await value.close()
    if not found:
        raise malformed("the request has no files; send one by curl -F image=@picture.png")
    return tuple(found)
