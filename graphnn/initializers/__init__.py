"""The values that parameters have before the first step."""
