// Answers requests, one JSON object a line, as VS Code's JSON service does; each answer is a line with the same id.
// A request has a method (complete, hover or validate), the uri and text of a document and, but for validate, an offset.
// Argument: a JSON object of file patterns and the addresses of their schemas, as "json.schemas" in VS Code's settings.
const fs = require("fs");
const readline = require("readline");
const { fileURLToPath } = require("url");
const { getLanguageService, TextDocument } = require("vscode-json-languageservice");

const service = getLanguageService({
  schemaRequestService: (uri) => fs.promises.readFile(fileURLToPath(uri), "utf8"),
  workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).toString() },
  clientCapabilities: {
    textDocument: {
      completion: {
        completionItem: {
          snippetSupport: true,
          documentationFormat: ["markdown", "plaintext"],
          commitCharactersSupport: true,
          labelDetailsSupport: true,
        },
      },
      hover: { contentFormat: ["markdown", "plaintext"] },
    },
  },
});
const associated = Object.entries(JSON.parse(process.argv[2] ?? "{}"));
service.configure({ validate: true, schemas: associated.map(([pattern, uri]) => ({ uri, fileMatch: [pattern] })) });

const METHODS = {
  complete: async (document, parsed, offset) => {
    const { items } = await service.doComplete(document, document.positionAt(offset), parsed);
    return items.map((item) => ({
      label: item.label,
      text: item.textEdit.newText,
      start: document.offsetAt(item.textEdit.range.start),
      end: document.offsetAt(item.textEdit.range.end),
      filter: item.filterText ?? item.label,
      documentation: item.documentation?.value ?? item.documentation ?? "",
      again: item.command?.command === "editor.action.triggerSuggest",
    }));
  },
  hover: async (document, parsed, offset) => {
    const hover = await service.doHover(document, document.positionAt(offset), parsed);
    return hover === null ? "" : hover.contents.join("\n\n");
  },
  validate: async (document, parsed) => {
    const problems = await service.doValidation(document, parsed, { comments: "error", trailingCommas: "error" });
    return problems.map(({ message, severity, range }) => ({
      message,
      severity,
      start: document.offsetAt(range.start),
      end: document.offsetAt(range.end),
    }));
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, method, uri, text, offset } = JSON.parse(line);
  const document = TextDocument.create(uri, "json", 1, text);
  let answer;
  try {
    answer = await METHODS[method](document, service.parseJSONDocument(document), offset);
  } catch (error) { // lists in lists by the thousands
    if (!(error instanceof RangeError)) throw error;
    answer = [{ message: error.message }];
  }
  process.stdout.write(`${JSON.stringify({ id, answer })}\n`);
});
