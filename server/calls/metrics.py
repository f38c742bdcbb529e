"""What operators watch: live conversations and calls, every stage of an answer, and whether rooms keep time."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from server.agents.port import TurnMeasured
from server.calls.room_clock import Pace

_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_LATENESS_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)  # a frame is 0.02


class CallMetrics:
    """The metrics of conversations, on their own registry so that two apps in a process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stages = Histogram(
            "parloir_turn_stage_seconds",
            "Time of each stage of one answer, by the path that spoke it.",
            ("stage", "path"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._live = Gauge("parloir_live_conversations", "Conversations alive now.", registry=self.registry)
        self._calls = Gauge("parloir_live_calls", "Calls alive now.", registry=self.registry)
        self._lateness = Histogram(
            "parloir_room_tick_lateness_seconds",
            "How late the 20 ms tick of the rooms began.",
            buckets=_LATENESS_BUCKETS_S,
            registry=self.registry,
        )
        self.refused_transitions = Counter(
            "parloir_call_transitions_refused", "Happenings that could not happen to a call.", registry=self.registry
        )
        self._refused_dials = Counter(
            "parloir_dials_refused_total", "Numbers that were not dialled, by why.", ("reason",), registry=self.registry
        )
        self.ended = Counter(
            "parloir_conversations_ended_total", "Conversations that ended.", ("reason",), registry=self.registry
        )

    def measured(self, turn: TurnMeasured) -> None:
        """Record one answered turn."""
        stages = {
            "end_of_speech": turn.end_of_speech_s,
            "recognition": turn.recognition_s,
            "answer": turn.answer_s,
            "first_audio": turn.first_audio_s,
            "total": turn.total_s,
        }
        for stage, seconds in stages.items():
            self._stages.labels(stage, turn.path).observe(seconds)

    def dial_refused(self, reason: str) -> None:
        """A number was not dialled, because of the refusal with that code."""
        self._refused_dials.labels(reason).inc()

    def count_calls(self, live: Callable[[], int]) -> None:
        """Where the number of calls alive now comes from."""
        self._calls.set_function(live)

    def count_live(self, live: Callable[[], int]) -> None:
        """Where the number of live conversations comes from."""
        self._live.set_function(live)

    def ticked(self, late_s: float) -> None:
        """Record one turn of the rooms' clock."""
        self._lateness.observe(late_s)

    def count_ticks(self, pace: Callable[[], Pace]) -> None:
        """Where the rooms' ticks, counted since the beginning, come from."""
        self.registry.register(_Ticks(pace))


class _Ticks(Collector):
    """The counters of a Pace."""

    def __init__(self, pace: Callable[[], Pace]) -> None:
        self._pace = pace

    def collect(self) -> Iterator[CounterMetricFamily]:
        pace = self._pace()
        yield CounterMetricFamily("parloir_room_ticks", "Ticks of all rooms.", pace.ticks)
        yield CounterMetricFamily(
            "parloir_room_ticks_late", "Ticks that began more than half a frame late.", pace.late_ticks
        )
        yield CounterMetricFamily(
            "parloir_room_ticks_skipped", "Ticks left out because the process was too far behind.", pace.skipped_ticks
        )
