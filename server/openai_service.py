"""What an OpenAI-compatible service adds where one is configured: an agent engine, ears, voices, an analyser.

Its library takes as long to load as half of everything else, so only who uses it loads it: here, and nowhere before.
"""

# ruff: noqa: PLC0415

from collections.abc import Sequence
from contextlib import AsyncExitStack

from server.agents.port import AgentEngine
from server.analysis import Analyser, ExtractiveAnalyser
from server.kit.clock import Clock
from server.settings import Settings
from server.speech.engines import SpeechEngines, SttEngine, TtsEngine


def ears(settings: Settings) -> Sequence[SttEngine]:
    """Recognition by the service, if it has a model for that."""
    if settings.openai_base_url is None or settings.openai_stt_model is None:
        return ()
    from server.speech.providers.openai_audio import OpenAiSpeechToText

    url, model = settings.openai_base_url, settings.openai_stt_model
    return (OpenAiSpeechToText(base_url=url, api_key=_key(settings), model=model),)


def voices(settings: Settings) -> Sequence[TtsEngine]:
    """Synthesis by the service, if it has a model for that."""
    if settings.openai_base_url is None or settings.openai_tts_model is None:
        return ()
    from server.speech.providers.openai_audio import OpenAiTextToSpeech

    url, model = settings.openai_base_url, settings.openai_tts_model
    return (OpenAiTextToSpeech(base_url=url, api_key=_key(settings), model=model),)


def agent_engine(
    settings: Settings, speech: SpeechEngines, clock: Clock, closing: AsyncExitStack
) -> AgentEngine | None:
    """The engine `openai`, closed with `closing`; None without a service."""
    if settings.openai_base_url is None:
        return None
    from server.agents.engines.chat import OpenAIEngine

    engine = OpenAIEngine(settings.openai_base_url, _key(settings), settings.openai_model, speech, clock)
    closing.push_async_callback(engine.close)
    return engine


def analyser(settings: Settings, closing: AsyncExitStack) -> Analyser:
    """By the service, closed with `closing`, falling back on the built-in one; that alone without a service."""
    if settings.openai_base_url is None:
        return ExtractiveAnalyser()
    from server.analysis.providers.openai_chat import OpenAiAnalyser

    judge = OpenAiAnalyser(settings.openai_base_url, _key(settings), settings.openai_model, ExtractiveAnalyser())
    closing.push_async_callback(judge.close)
    return judge


def _key(settings: Settings) -> str:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
