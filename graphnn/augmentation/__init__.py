"""Data augmentation: random changes to training images, and the views of test-time augmentation."""
