"""How long each stage of a turn took, from the visitor's last word to the agent's first sound."""

from server.agents.port import TurnMeasured
from server.kit.clock import Clock


class TurnWatch:
    """Started when a turn is over; each stage is marked once, in order."""

    def __init__(self, clock: Clock, silence_s: float = 0.0) -> None:
        """`silence_s`: how long ago the last word was."""
        self._clock = clock
        self._silence_s = silence_s
        self._over_at = clock.monotonic()
        self._recognised_at: float | None = None
        self._answered_at: float | None = None
        self._is_measured = False

    def recognised(self) -> None:
        if self._recognised_at is None:
            self._recognised_at = self._clock.monotonic()

    def answered(self) -> None:
        """The first sentence of the answer is known."""
        if self._answered_at is None:
            self._answered_at = self._clock.monotonic()

    def measure(self, path: str) -> TurnMeasured | None:
        """The first sound, or the written answer, goes out now. None when that was so before."""
        if self._is_measured:
            return None
        self._is_measured = True
        now = self._clock.monotonic()
        recognised_at = self._over_at if self._recognised_at is None else self._recognised_at
        answered_at = now if self._answered_at is None else self._answered_at
        return TurnMeasured(
            path=path,
            end_of_speech_s=self._silence_s,
            recognition_s=recognised_at - self._over_at,
            answer_s=answered_at - recognised_at,
            first_audio_s=now - answered_at,
            total_s=self._silence_s + now - self._over_at,
        )
