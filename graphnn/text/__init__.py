"""Words, numbers and tables for people."""
