"""Ports for speech recognition, synthesis, voice activity and sentence embeddings, and what stands behind them."""
