"""Runs each program named on standard input as `python PROGRAM` would, in one process, a line with its name before what it prints."""

import runpy
import sys

for path in sys.stdin.read().split("\n"):
    print("###", path, flush=True)
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit:
        pass
