"""Initializers: the values of parameters before the first step."""
