"""A client of the language server over standard input and output, as an editor is."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class Client:
    """Starts `graphnn lsp` and talks to it. told: the notifications that it sent and nobody has taken yet."""

    def __init__(self, *arguments: str | Path, root: Path | None = None, encodings: list[str] | None = None) -> None:
        command = [sys.executable, "-m", "graphnn", "lsp", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.told: list[dict[str, Any]] = []
        self.version: dict[str, int | None] = {}
        self._number = 0
        general = {} if encodings is None else {"positionEncodings": encodings}
        self.capabilities = self.ask(
            "initialize",
            {"processId": None, "rootUri": root and root.as_uri(), "capabilities": {"general": general}},
        )["capabilities"]
        self.tell("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        if kind is None:
            self.ask("shutdown", None)
            self.tell("exit", None)
            assert self.process.wait(60) == 0
        self.process.kill()
        self.process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            assert name.lower() in (b"content-length", b"content-type"), line  # nothing else is printed there
            length = int(value) if name.lower() == b"content-length" else length
        assert length, self.process.stderr and self.process.stderr.read().decode()
        message: dict[str, Any] = json.loads(stream.read(length))
        return message

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> int:
        """Send a request and return its number."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        return self._number

    def answer(self, number: int) -> dict[str, Any]:
        """Return the response to a request."""
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message
            self.told.append(message)

    def ask(self, method: str, params: Any) -> Any:
        """Return the result of a request."""
        message = self.answer(self.request(method, params))
        assert "error" not in message, message
        return message["result"]

    def write(self, uri: str, text: str) -> None:
        """Open a document, or change it to this text."""
        number = self.version[uri] = (self.version.get(uri) or 0) + 1
        about = {"uri": uri, "version": number}
        if number == 1:
            self.tell("textDocument/didOpen", {"textDocument": {**about, "languageId": "json", "text": text}})
        else:
            self.tell("textDocument/didChange", {"textDocument": about, "contentChanges": [{"text": text}]})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """Return the diagnostics of the text that was written last."""
        while True:
            for message in self.told:
                params = message.get("params", {})
                about = message["method"], params.get("uri"), params.get("version")
                if about == ("textDocument/publishDiagnostics", uri, self.version[uri]):
                    self.told.remove(message)
                    found: list[dict[str, Any]] = params["diagnostics"]
                    return found
            self.told.append(self._receive())

    def about(self, method: str, uri: str, **params: Any) -> Any:
        """Return the answer to a question about a document."""
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, **params})
