"""An AI agent as a participant: listens, decides when a turn is over, answers, speaks, yields when interrupted."""
