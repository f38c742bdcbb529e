"""Benchmarks: each a command that prints its figures beside something known."""
