"""How well a softphone is connected, in the figures its page shows: delay, jitter, loss, and an estimate of MOS."""

from server.browser import PeerStats
from server.calls.messages import Outgoing
from server.kit.clock import Clock
from server.media.frame import Frame
from server.media.levels import rms_dbfs

AUDIBLE_DBFS = -65.0  # quieter is no microphone, or one that is switched off
UNHEARD_S = 5.0


class QualityWatch:
    """Follows one participant over its connections; counters start anew with each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._received = 0
        self._lost = 0
        self._audible_at = clock.monotonic()

    def heard(self, frame: Frame) -> None:
        if rms_dbfs(frame) > AUDIBLE_DBFS:
            self._audible_at = self._clock.monotonic()

    def message(self, stats: PeerStats, is_muted: bool) -> Outgoing:
        """The `quality` message: loss since the message before it, 0 to 1."""
        received, lost = stats.packets_received - self._received, stats.packets_lost - self._lost
        if received < 0 or lost < 0:  # another connection
            received, lost = stats.packets_received, stats.packets_lost
        self._received, self._lost = stats.packets_received, stats.packets_lost
        ours = max(0, lost) / max(1, received + max(0, lost))
        rtt_ms = stats.rtt_ms or 0.0
        now = self._clock.monotonic()
        if is_muted:
            self._audible_at = now
        return {
            "type": "quality",
            "rtt_ms": round(rtt_ms),
            "jitter_ms": round(max(stats.jitter_ms, stats.their_jitter_ms or 0.0), 1),
            "lost": round(ours, 3),
            "mos": round(mos(rtt_ms, stats.jitter_ms, ours), 1),
            "heard": now - self._audible_at < UNHEARD_S,
        }


def mos(rtt_ms: float, jitter_ms: float, loss: float) -> float:
    """Mean opinion score 1.0 to 4.5 by the simplified E-model that softphones use; `loss` is 0 to 1.

    Effective latency counts jitter twice; above 160 ms it weighs more; each percent of loss costs 2.5 points of R.
    """
    latency_ms = rtt_ms / 2 + jitter_ms * 2 + 10
    r = 93.2 - (latency_ms / 40 if latency_ms < 160 else (latency_ms - 120) / 10) - 250 * loss
    if r <= 0:
        return 1.0
    return min(4.5, max(1.0, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)))
