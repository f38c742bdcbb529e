"""The product as a process that may be killed: without speech, and with a clock that may stand ahead.

python -m tests.chaos.server_process AHEAD_S; settings come from the environment. Ahead, because whoever starts after a
crash finds what the dead process had claimed, and the tests do not wait until its leases are over.
"""

import sys
from datetime import datetime, timedelta

from server.kit.clock import SystemClock
from server.launch import serve
from server.settings import Settings
from tests.fixtures.application import speech_without_models


class AheadClock(SystemClock):
    """The machine's clock, `ahead` of it."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead


if __name__ == "__main__":
    clock = AheadClock(timedelta(seconds=float(sys.argv[1])))
    serve(Settings(_env_file=None), demo=False, speech=speech_without_models(has_voice=False), clock=clock)
