"""What is done to training images at random, to learn from more than there are, and the views that testing averages."""
