"""What a call amounted to, said afterwards: a summary, how it went, what the customer seemed to want."""

from server.analysis.extractive import ExtractiveAnalyser
from server.analysis.port import Analyser, Analysis, Said, Talk

__all__ = ["Analyser", "Analysis", "ExtractiveAnalyser", "Said", "Talk"]
