"""Examples of how programs ask, for the network that is served."""

import html
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from graphnn.datasets.table_encoding import BOOLEAN
from graphnn.serving.openapi import PREDICT, REFUSALS

JSON_TYPE = "-H 'Content-Type: application/json'"
MOST_NUMBERS = 64  # of a sample that is written out


def sections(facts: Mapping[str, Any], address: str) -> str:
    """Return the sections of the page as HTML."""
    parts = [section("Predict", "".join(code(text) for text in examples(facts, address)))]
    meant = {"pictures": ("top", "invert", "as_is", "seen"), "arrays": ("top",), "table": ()}[facts["kind"]]
    parameters = [(f"?{one['name']}", one["description"]) for one in PREDICT["parameters"] if one["name"] in meant]
    if parameters:
        parts.append(section("In the address", table(parameters)))
    refusals = 'A request that is refused is answered by <code>{"error": "one sentence"}</code>.'
    parts.append(section("Statuses", f"<p>{refusals}</p>" + table((str(key), text) for key, text in REFUSALS.items())))
    others = (
        ("GET /model", "the network: its inputs, classes and figures"),
        ("GET /health", "whether requests are taken, and the digest of the weights"),
        ("GET /metrics", "figures for Prometheus"),
    )
    parts.append(section("Also", table(others)))
    return "\n".join(parts)


def examples(facts: Mapping[str, Any], address: str) -> Iterator[str]:
    """Yield commands and programs to copy."""
    url = f"{address}/predict"
    inputs = {"inputs": example(facts)}
    quoted = json.dumps(inputs, ensure_ascii=False).replace("'", "'\\''")
    if facts["kind"] == "pictures":
        yield f"curl -F image=@picture.jpg '{url}?top=3'"
        yield f"curl -H 'Content-Type: image/png' --data-binary @picture.png {url}"
        yield f"import httpx\n\nprint(httpx.post({url!r}, files={{'image': open('picture.jpg', 'rb')}}).json())"
        yield (
            "const body = new FormData();\nbody.append('image', input.files[0]);\n"
            f"const answers = await (await fetch('{url}', {{ method: 'POST', body }})).json();"
        )
    if math.prod(facts["input_shape"]) <= MOST_NUMBERS or facts["kind"] == "table":
        yield f"curl {JSON_TYPE} -d '{quoted}' {url}"
        yield f"import httpx\n\nprint(httpx.post({url!r}, json={inputs!r}).json())"
    else:
        x = f"x = np.zeros({tuple(facts['input_shape'])})"
        yield f"import httpx, numpy as np\n\n{x}\nprint(httpx.post({url!r}, json={{'inputs': x.tolist()}}).json())"


def example(facts: Mapping[str, Any]) -> Any:
    """Return inputs of the right form: a row, or a sample of zeros; nothing for a large one."""
    if facts["kind"] == "table":
        return {one["name"]: value_of(one) for one in facts["columns"]}
    return zeros(facts["input_shape"]) if math.prod(facts["input_shape"]) <= MOST_NUMBERS else []


def value_of(column: Mapping[str, Any]) -> Any:
    """Return a value for a column: its first category, true, or about its mean where that is known."""
    if column["categories"]:
        return column["categories"][0]
    return True if column["kind"] == BOOLEAN else round(column["mean"] or 1.0, 2)


def zeros(shape: Any) -> Any:
    """Return nested lists of zeros."""
    return [zeros(shape[1:]) for _ in range(shape[0])] if len(shape) else 0


def section(title: str, content: str) -> str:
    """Return a section."""
    return f"<section><h2>{html.escape(title)}</h2>{content}</section>"


def code(text: str) -> str:
    """Return text to copy."""
    return f"<pre>{html.escape(text)}</pre>"


def table(rows: Any) -> str:
    """Return rows of a heading and a text."""
    lines = (f"<tr><th scope=row>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows)
    return f"<table>{''.join(lines)}</table>"
