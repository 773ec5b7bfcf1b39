"""Show the layers of a document: python tools/inspect.py --help."""

import gc
import os.path
import sys

gc.disable()  # a short run: garbage collection while modules load took 10 of its 95 ms

FOLDER = os.path.dirname(os.path.realpath(__file__))
if os.path.realpath(sys.path[0]) == FOLDER:
    sys.path[0] = os.path.dirname(FOLDER)

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules load; the command then handles Ctrl-C itself

from graphnn.commands.inspect import main

if __name__ == "__main__":
    sys.exit(main())
