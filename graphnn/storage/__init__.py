"""Files that hold arrays: archives, and the weights of a network."""
