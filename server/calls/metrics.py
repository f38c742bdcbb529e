"""What operators watch: live conversations, and how long every stage of an answer took."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from server.agents.port import TurnMeasured

_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


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
        self.refused_transitions = Counter(
            "parloir_call_transitions_refused", "Happenings that could not happen to a call.", registry=self.registry
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

    def count_calls(self, live: Callable[[], int]) -> None:
        """Where the number of calls alive now comes from."""
        self._calls.set_function(live)

    def count_live(self, live: Callable[[], int]) -> None:
        """Where the number of live conversations comes from."""
        self._live.set_function(live)
