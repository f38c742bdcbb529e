"""An agent that announces what a test tells it to, and remembers what it was asked."""

import asyncio

from server.agents.leg import AgentLeg
from server.agents.port import AgentState, Announce, Brief, Spoken, StateChanged
from server.kit.ids import new_uid


class ScriptedAgent:
    """An AgentEngine and its only session. With `answers` it answers every text with "You said: …"."""

    name = "builtin"

    def __init__(self, answers: bool = True) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.opened = 0
        self.closings = 0
        self.is_alone = asyncio.Event()
        """Nobody hears its voice any more."""

    def open(self, brief: Brief, announce: Announce) -> "ScriptedAgent":
        self.opened += 1
        self.brief = brief
        self.announce = announce
        self.leg = AgentLeg("agent", lambda _: None, lambda _: None, self.close)
        return self

    def start(self, voice: bool) -> None:
        self.asked.append(f"start voice={voice}")
        if not voice:
            self.is_alone.set()

    def hear_text(self, text: str) -> None:
        self.asked.append(text)
        self.say("user", text)
        self.announce(StateChanged(AgentState.THINKING))
        if self.answers:
            self.say("agent", f"You said: {text}")
            self.announce(StateChanged(AgentState.LISTENING))

    def say(self, role: str, text: str, final: bool = True, uid: str | None = None) -> None:
        self.announce(Spoken(uid or new_uid("msg"), role, text, final=final, via="text"))

    def hold_turn(self) -> None:
        self.asked.append("hold_turn")

    def finish_turn(self) -> None:
        self.asked.append("finish_turn")

    def interrupt(self) -> None:
        self.asked.append("interrupt")

    async def close(self) -> None:
        self.closings += 1
