"""The page about a training: one HTML file with its figures, curves, mistakes, filters and samples."""
