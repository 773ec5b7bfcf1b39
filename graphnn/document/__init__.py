"""JSON text to values that know their line and column."""
