"""What was said in a call between people: live recognition of every leg, and the forms a transcript is given out in."""

from server.transcripts.recognition import RecognitionQueue
from server.transcripts.text import Segment, as_srt, as_text, as_vtt
from server.transcripts.transcriber import Heard, Transcriber

__all__ = ["Heard", "RecognitionQueue", "Segment", "Transcriber", "as_srt", "as_text", "as_vtt"]
