"""What is kept of calls, where nobody says otherwise: of those to a number, or of those an agent makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keeping:
    recording: bool = False
    transcript: bool = False
    analysis: bool = False
