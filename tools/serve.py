"""Answer predictions over HTTP: python tools/serve.py --help."""

import os.path
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
if os.path.realpath(sys.path[0]) == FOLDER:
    sys.path[0] = os.path.dirname(FOLDER)

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules load; the command then handles Ctrl-C itself

from graphnn.commands.serve import main

if __name__ == "__main__":
    sys.exit(main())
