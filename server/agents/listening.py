"""Where an utterance begins and ends: 20 ms frames in, voice activity over 32 ms windows, signals out. Pure."""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from server.media.frame import SAMPLE_RATE_HZ, Frame, Samples
from server.speech.port import VAD_WINDOW_SAMPLES, VoiceActivity

WINDOW_S = VAD_WINDOW_SAMPLES / SAMPLE_RATE_HZ
_ROUNDING_S = WINDOW_S / 2  # a limit is reached at the window nearest to it


@dataclass(frozen=True)
class ListeningLimits:
    """Seconds and probabilities. Onset is slower while the agent speaks, so that a click does not stop it."""

    speech_from: float = 0.5
    speech_until: float = 0.35
    onset_s: float = 0.064
    barge_in_s: float = 0.1
    shortest_word_s: float = 0.16  # of voice; less, over the agent's words, is a click or a knock
    speculate_after_s: float = 0.2
    end_of_turn_s: float = 0.45
    preroll_s: float = 0.4  # kept from before the onset, so that the first syllable is not lost
    longest_utterance_s: float = 28.0


class Signal(Enum):
    """What one frame made clear."""

    ONSET = auto()
    PAUSED = auto()  # perhaps the end: worth recognising already
    RESUMED = auto()  # it was not the end
    OVER = auto()
    FALSE_ALARM = auto()  # there was an ONSET, but nothing long enough for a word: as if nothing had been heard


class TurnDetector:
    """Follows one listener's sound. Between ONSET and OVER or FALSE_ALARM `utterance()` is what was said so far."""

    def __init__(self, vad: VoiceActivity, limits: ListeningLimits | None = None) -> None:
        self._vad = vad
        self._limits = limits or ListeningLimits()
        ring_s = self._limits.preroll_s + self._limits.barge_in_s
        self._before: deque[Samples] = deque(maxlen=round(ring_s / WINDOW_S))
        self._window = np.zeros(0, dtype=np.int16)
        self._said: list[Samples] = []
        self._voiced_s = 0.0
        self._silence_s = 0.0
        self._in_utterance = False
        self._paused = False
        self._held = False
        self._doubted = False  # began while the agent had the word

    @property
    def in_utterance(self) -> bool:
        return self._in_utterance

    @property
    def silence_s(self) -> float:
        """How long nothing was said before the utterance was over; 0 when finish() ended it."""
        return self._silence_s

    @property
    def voiced_s(self) -> float:
        """How much voice there was in the utterance so far."""
        return self._voiced_s

    @property
    def is_voiced(self) -> bool:
        """Whether an utterance is under way and its last sound was voice."""
        return self._in_utterance and not self._silence_s

    def hear(self, frame: Frame, cautious: bool = False) -> Signal | None:
        """Take one frame; at most one signal comes of it.

        `cautious`: an onset takes `barge_in_s` of speech, and may prove a FALSE_ALARM.
        """
        self._window = np.concatenate([self._window, frame])
        if len(self._window) < VAD_WINDOW_SAMPLES:
            return None
        window, self._window = self._window[:VAD_WINDOW_SAMPLES], self._window[VAD_WINDOW_SAMPLES:]
        voiced = self._is_speech(window, cautious)
        return self._continue(window, voiced) if self._in_utterance else self._await(window, voiced, cautious)

    def hold(self) -> None:
        """The visitor holds the talk key: until finish() no pause ends an utterance, only its longest length does."""
        self._held = True

    def finish(self) -> Signal | None:
        """The visitor let go of the talk key: OVER if anything was being said."""
        self._held = False
        if not self._in_utterance and not self._voiced_s:
            return None
        if not self._in_utterance:
            self._begin()
        self._said.append(self._window)
        self._silence_s = 0.0  # the key said that it was the end, not the pause before
        return self._end()

    def utterance(self) -> Samples:
        """From a little before the first syllable until now."""
        return np.concatenate(self._said) if self._said else np.zeros(0, dtype=np.int16)

    def reset(self) -> None:
        """Forget everything heard."""
        self._vad.reset()
        self._before.clear()
        self._window = np.zeros(0, dtype=np.int16)
        self._said = []
        self._voiced_s = self._silence_s = 0.0
        self._in_utterance = self._paused = False

    def _is_speech(self, window: Samples, cautious: bool) -> bool:
        # Where several windows must agree, the first may be less sure: many words begin with an s or an h.
        lenient = cautious or self._in_utterance or self._voiced_s > 0
        return self._vad.probability(window) >= (self._limits.speech_until if lenient else self._limits.speech_from)

    def _await(self, window: Samples, voiced: bool, cautious: bool) -> Signal | None:
        self._before.append(window)
        self._voiced_s = self._voiced_s + WINDOW_S if voiced else 0.0
        needed_s = self._limits.barge_in_s if cautious else self._limits.onset_s
        if self._voiced_s + _ROUNDING_S < needed_s or not voiced:
            return None
        self._begin()
        self._doubted = cautious
        return Signal.ONSET

    def _begin(self) -> None:
        self._said = list(self._before)
        self._before.clear()
        self._in_utterance = True
        self._silence_s = 0.0
        self._paused = self._doubted = False

    def _continue(self, window: Samples, voiced: bool) -> Signal | None:
        self._said.append(window)
        if len(self._said) * WINDOW_S >= self._limits.longest_utterance_s:
            return self._end()
        if voiced:
            self._voiced_s += WINDOW_S
            self._silence_s = 0.0
            resumed, self._paused = self._paused, False
            return Signal.RESUMED if resumed else None
        self._silence_s += WINDOW_S
        if not self._held and self._silence_s + _ROUNDING_S >= self._limits.end_of_turn_s:
            return self._end()
        if not self._paused and self._silence_s + _ROUNDING_S >= self._limits.speculate_after_s:
            if self._doubted and not self._held and self._voiced_s < self._limits.shortest_word_s:
                return self._forget()
            self._paused = True
            return Signal.PAUSED
        return None

    def _forget(self) -> Signal:
        self._before.extend(self._said)  # a word that follows may have begun in it
        self._said = []
        self._end()
        return Signal.FALSE_ALARM

    def _end(self) -> Signal:
        self._in_utterance = False
        self._paused = False
        self._voiced_s = 0.0
        self._window = np.zeros(0, dtype=np.int16)
        return Signal.OVER
