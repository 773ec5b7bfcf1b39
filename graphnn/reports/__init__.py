"""Reports: the results of commands as tables and facts, and a renderer for each output format."""
