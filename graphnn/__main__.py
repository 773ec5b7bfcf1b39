"""`python -m graphnn COMMAND …` runs `graphnn COMMAND …`."""

import sys

from graphnn.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
