"""What is set before libraries are loaded."""

import subprocess
import sys

LOOK = "import server, numpy, os; numpy.ones((9, 9)) @ numpy.ones((9, 9)); print(len(os.listdir('/proc/self/task')))"


def test_matrices_are_multiplied_by_the_thread_that_wants_them() -> None:
    """A library's own threads wait by spinning, and keep the event loop waiting on a busy machine."""
    told = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, env={})
    assert told.stdout.strip() == "1"
