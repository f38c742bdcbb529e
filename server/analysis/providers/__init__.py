"""Analysers over services of others; only the composition root knows them."""
