"""The course's Model and what it needs: a network built in Python rather than read from a document."""
