"""The computational graph of a document: its nodes, the findings about it, and its initial parameters."""
