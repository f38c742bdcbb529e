"""Sound as values: 20 ms frames, the Leg port, buffers, mixing, levels, resampling, Opus. No network."""
