"""Model, the interface of the course: a network built in Python rather than read from a document."""
