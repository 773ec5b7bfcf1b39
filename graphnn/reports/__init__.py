"""Reports: what commands tell, as tables and facts of values, and a renderer for each format."""
