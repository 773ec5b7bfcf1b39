"""The parameters of a network: their declarations by layers, and the flat vectors of their values."""
