"""So many control messages a second from one page, with one second's worth at once."""

from collections.abc import Callable


class Allowance:
    def __init__(self, per_s: int, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._monotonic = monotonic
        self._left = float(per_s)
        self._at = monotonic()

    def take(self) -> bool:
        """Whether one more is within the allowance."""
        now = self._monotonic()
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
