"""The server: keeps what is known of each open document up to date while it is typed, and answers editors."""

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from graphnn.language_server.analysis import Analysis, analyse
from graphnn.language_server.answers import diagnostics, hints, hover, outline
from graphnn.language_server.completion import TRIGGERS, completions
from graphnn.language_server.fixes import fixes
from graphnn.language_server.text import Text
from graphnn.specification.schema import Definition
from graphnn.version import __version__

PAUSE = 0.15  # seconds without a key, after which a document is looked at


class Server(LanguageServer):
    """A server of network documents. plugins: schema fragments of plugin layers, by type."""

    def __init__(self, plugins: Mapping[str, Definition] | None = None) -> None:
        super().__init__("graphnn", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.plugins = plugins
        self.known: dict[str, tuple[int | None, Analysis]] = {}  # by URI, with the version of the text
        self.latest: dict[str, Analysis] = {}  # by URI, the last with layers whose shapes are known
        self.pending: dict[str, asyncio.Task[None]] = {}
        self.one_at_a_time = asyncio.Lock()

    def changed(self, uri: str, pause: float) -> None:
        """Look at a document after a pause, unless it is changed again before."""
        earlier = self.pending.pop(uri, None)
        if earlier is not None:
            earlier.cancel()
        self.pending[uri] = asyncio.get_running_loop().create_task(self.look_later(uri, pause))

    def closed(self, uri: str) -> None:
        """Forget a document."""
        task = self.pending.pop(uri, None)
        if task is not None:
            task.cancel()
        self.known.pop(uri, None)
        self.latest.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def look_later(self, uri: str, pause: float) -> None:
        """Look at a document after a pause, and tell the editor what is wrong with it."""
        await asyncio.sleep(pause)
        with contextlib.suppress(JsonRpcContentModified):  # the next version has a task of its own
            version, analysis = await self.current(uri)
            about = types.PublishDiagnosticsParams(uri, diagnostics(analysis), version)
            self.text_document_publish_diagnostics(about)

    async def current(self, uri: str) -> tuple[int | None, Analysis]:
        """Return the version and what is known of a document.

        Raises JsonRpcContentModified where it changes, and JsonRpcInvalidParams where it is not open.
        """
        async with self.one_at_a_time:
            document = self.workspace.get_text_document(uri)
            version = document.version
            if version is None:
                raise JsonRpcInvalidParams(f"{uri} is not open")
            known = self.known.get(uri)
            if known is not None and known[0] == version:
                return known
            text = Text(document.source, self.workspace.position_codec.client_num_units)
            name = to_fs_path(uri)
            place = Path(name) if name and uri.startswith("file:") else None
            folder = Path(self.workspace.root_path or ".") if place is None else place.parent
            try:
                analysis = await asyncio.to_thread(
                    analyse, text, str(place or "the document"), folder.absolute(), self.plugins
                )
            except Exception:  # a mistake in graphnn or in a plugin must not end the session; the editor logs it
                self.window_log_message(types.LogMessageParams(types.MessageType.Error, traceback.format_exc()))
                analysis = Analysis(text)
            if self.workspace.get_text_document(uri).version != version:
                raise JsonRpcContentModified()
            self.known[uri] = version, analysis
            if analysis.places:
                self.latest[uri] = analysis
            return self.known[uri]


def make_server(plugins: Mapping[str, Definition] | None = None) -> Server:
    """Return a server that answers what editors ask about network documents."""
    server = Server(plugins)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri, PAUSE)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def shapes(params: types.InlayHintParams) -> list[types.InlayHint]:
        uri = params.text_document.uri
        _, analysis = await server.current(uri)
        return hints(analysis, server.latest.get(uri, analysis), params.range)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def explained(params: types.HoverParams) -> types.Hover | None:
        return hover((await server.current(params.text_document.uri))[1], params.position)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return outline((await server.current(params.text_document.uri))[1])

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=TRIGGERS))
    async def names(params: types.CompletionParams) -> list[types.CompletionItem]:
        uri = params.text_document.uri
        _, analysis = await server.current(uri)
        return completions(analysis, server.latest.get(uri, analysis), params.position)

    fixing = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, fixing)
    async def fixed(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        return fixes((await server.current(uri))[1], uri, params.range)

    return server


def serve(plugins: Mapping[str, Definition] | None, stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Answer an editor on these streams until it says that it ends. What is printed meanwhile goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        make_server(plugins).start_io(stdin, stdout)
