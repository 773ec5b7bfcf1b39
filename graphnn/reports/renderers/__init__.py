"""One module for each format, named after it: `render(report, width)` returns a report's text."""
