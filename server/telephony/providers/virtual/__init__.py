"""A phone network inside the process: handsets in browsers, and numbers that answer by themselves."""
