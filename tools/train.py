"""Train the network of a document: python tools/train.py --help."""

import os.path
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
if os.path.realpath(sys.path[0]) == FOLDER:
    sys.path[0] = os.path.dirname(FOLDER)

from graphnn.commands.train import main

if __name__ == "__main__":
    sys.exit(main())
