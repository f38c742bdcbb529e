"""Parloir: a voice widget, a softphone and the server behind both."""

import os

__version__ = "0.1.0"

# Read by numpy's OpenBLAS when it is imported first. Its threads wait for each other by spinning: on a busy machine
# what takes a tenth of a millisecond alone took twenty with two of them, on the event loop too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251  # it is given, not read
