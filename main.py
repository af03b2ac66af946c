"""python main.py [STUDY]: hands over to ptx_viewer.cli."""

import sys

from ptx_viewer.cli import main

if __name__ == "__main__":
    sys.exit(main())
