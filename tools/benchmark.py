"""Measure how fast documents are trained and run: python tools/benchmark.py --help."""

import os.path
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
if os.path.realpath(sys.path[0]) == FOLDER:
    sys.path[0] = os.path.dirname(FOLDER)

from graphnn.commands.benchmark import main

if __name__ == "__main__":
    sys.exit(main())
