"""One module for each format, named after it: `render(report, width, colour)` returns a report's text.

`next_part(report, width, colour, first=…)` returns that of one of several reports that make up a whole, and
`ending(empty)` what comes after the last.
"""
