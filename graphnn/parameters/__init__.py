"""The arrays of a network: what layers declare, and the vectors that hold them."""
