"""A language server: what is wrong with a document, and what its layers give, while it is typed."""
