"""What /openapi.json says of /predict, whose body is read by hand because it comes in several forms."""

from typing import Any

NUMBERS = {"type": "array", "items": {}, "description": "nested lists of numbers: one sample, or a batch of them"}
ROW = {"type": "object", "description": "a row of a table: column names and values"}
INPUTS: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "additionalProperties": False,
    "properties": {"inputs": {"anyOf": [NUMBERS, ROW, {"type": "array", "items": ROW}]}},
}
ANSWER: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "input": {"type": "string", "description": "the name of the file, or inputs[0] in a batch"},
            "predictions": {
                "description": "the most probable classes; for a row of a table, its predictions by name",
                "anyOf": [
                    {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "class": {"type": "string"},
                                "index": {"type": "integer"},
                                "probability": {"type": "number"},
                            },
                        },
                    },
                    {"type": "object"},
                ],
            },
            "values": {"type": "array", "items": {"type": "number"}, "description": "outputs that are no classes"},
            "line": {"type": "integer", "description": "the number of a row, from 1"},
            "row": {"type": "object"},
            "notes": {"type": "array", "items": {"type": "string"}, "description": "what was done to a picture"},
            "seen": {"type": "string", "description": "the picture as the network sees it, as a data address"},
        },
    },
}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "one sentence"}},
}
REFUSALS = {
    400: "the body is not what it says it is",
    408: "the body did not come in time",
    413: "the body, a picture or the number of files is over a limit",
    415: "a content type that is not read",
    422: "the input does not fit the network, or a parameter means nothing",
    429: "too many requests under way; Retry-After says when to try again",
    503: "the server is starting or stopping",
    504: "the answer took too long",
}


def parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Return a parameter of the address."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


BOOLEAN = {"type": "boolean", "default": False}
FILES = {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}
PREDICT: dict[str, Any] = {
    "summary": "Predict",
    "description": "What the network says of pictures, arrays or rows of a table.",
    "operationId": "predict_predict_post",
    "parameters": [
        parameter("top", {"type": "integer", "minimum": 1, "default": 1}, "how many of the most probable classes"),
        parameter("invert", BOOLEAN, "turn pictures from dark on light to light on dark"),
        parameter("as_is", BOOLEAN, "only resize pictures, where those of handwriting would be cropped to the ink"),
        parameter("seen", BOOLEAN, "answer also with each picture as the network sees it"),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": FILES},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": INPUTS},
        },
    },
    "responses": {
        "200": {"description": "an answer for each sample", "content": {"application/json": {"schema": ANSWER}}},
        **{
            str(status): {"description": text, "content": {"application/json": {"schema": ERROR}}}
            for status, text in REFUSALS.items()
        },
    },
}
