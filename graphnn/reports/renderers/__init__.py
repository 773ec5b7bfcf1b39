"""One module a format: `render(report, width)` returns a report's text, and the module's name is the format's name."""
