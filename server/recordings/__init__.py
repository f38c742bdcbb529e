"""The recording of a call: stereo MP3 written while people talk, with the peaks a player draws."""

from server.recordings.recorder import Recorder
from server.recordings.service import Recording, Recordings, State

__all__ = ["Recorder", "Recording", "Recordings", "State"]
