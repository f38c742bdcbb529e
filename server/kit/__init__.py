"""Small things everyone may use: clock, ids, errors, owned tasks, logging. Knows nothing of the product."""
