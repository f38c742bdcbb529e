"""A phone call, as a Leg: the port every carrier implements, E.164 numbers, and the providers."""
