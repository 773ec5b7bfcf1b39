"""The commands of the program `graphnn`: each parses its arguments, calls the library, and prints the results."""
