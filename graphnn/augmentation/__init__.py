"""Random changes of training images, to learn from more than there are, and the views that inference averages."""
