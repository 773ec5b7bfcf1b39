"""The sequential computational graph of a document: its nodes, what is wrong with it, its first parameters."""
