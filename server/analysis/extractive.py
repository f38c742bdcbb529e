"""The built-in analyser: the sentences that say most, and cues of a language counted. It says that it is that.

Interest starts at 5, gains 1.5 for a cue of interest and 1 for one of following up, and loses 3 for a refusal;
the lead score is made of interest, of how much the customer said, and of how the conversation felt.
"""

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

from server.analysis.port import Analysis, Said, Sentiment, Status, Talk

SENTENCES_MAX = 4
SUMMARY_MAX = 600
_FALLBACK = "en"
_ARY = {"ary": "ar"}
_SENTENCE = re.compile(r"(?<=[.!?؟…])\s+")
_WORD = re.compile(r"\w{4,}")
_TALKATIVE_WORDS = 60


class ExtractiveAnalyser:
    """Implements Analyser without any model: quick, repeatable, and no judge of character."""

    def __init__(self) -> None:
        self._cues: dict[str, Any] = json.loads(Path(__file__).with_name("cues.json").read_text("utf-8"))

    @property
    def name(self) -> str:
        return "extractive"

    async def analyse(self, talk: Talk) -> Analysis:
        cues = self._cues.get(_ARY.get(talk.language, talk.language), self._cues[_FALLBACK])
        customer = " ".join(one.text for one in talk.said if one.is_customer).lower()
        if not customer.strip():
            return Analysis(cues["nobody_said"], "no_conversation", 1, "neutral", 0, self.name)
        refused, interest, later = (_count(customer, cues[kind]) for kind in ("refusal", "interest", "follow_up"))
        interest = max(0, interest - refused)  # "not interested" holds "interested"
        level = max(1, min(10, round(5 + 1.5 * interest + later - 3 * refused)))
        mood = _sentiment(_count(customer, cues["positive"]), _count(customer, cues["negative"]) + refused)
        status: Status = "not_interested" if refused > interest else "follow_up" if later else "fulfilled"
        return Analysis(_summary(talk, cues), status, level, mood, _lead_score(level, customer, mood), self.name)


def _count(text: str, cues: list[str]) -> int:
    return sum(text.count(cue) for cue in cues)


def _sentiment(positive: int, negative: int) -> Sentiment:
    if positive == negative:
        return "neutral"
    return "positive" if positive > negative else "negative"


def _lead_score(level: int, customer: str, mood: Sentiment) -> int:
    said = min(1.0, len(customer.split()) / _TALKATIVE_WORDS)
    feeling = {"positive": 1.0, "neutral": 0.5, "negative": 0.0}[mood]
    return round(60 * (level - 1) / 9 + 25 * said + 15 * feeling)


def _summary(talk: Talk, cues: dict[str, Any]) -> str:
    """The few sentences whose words come up most in the conversation, in the order they were said."""
    sentences = [
        (one, sentence.strip()) for one in talk.said for sentence in _SENTENCE.split(one.text) if sentence.strip()
    ]
    counts = Counter(word for _, sentence in sentences for word in _WORD.findall(sentence.lower()))
    places = sorted(range(len(sentences)), key=lambda place: _weight(sentences[place], counts), reverse=True)
    lines = []
    for place in sorted(places[:SENTENCES_MAX]):
        one, sentence = sentences[place]
        lines.append(f"{cues['customer'] if one.is_customer else cues['ours']}: {sentence}")
    text = " ".join(lines)
    return text if len(text) <= SUMMARY_MAX else text[: SUMMARY_MAX - 1].rstrip() + "…"


def _weight(spoken: tuple[Said, str], counts: Counter[str]) -> float:
    one, sentence = spoken
    words = _WORD.findall(sentence.lower())
    if not words:
        return 0.0
    weight = sum(counts[word] for word in set(words)) / math.sqrt(len(words))
    return weight * (1.3 if one.is_customer else 1.0)
