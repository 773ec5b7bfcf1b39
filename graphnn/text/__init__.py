"""Text for people: numbers, tables, suggestions for misspelt names, and output to a terminal."""
