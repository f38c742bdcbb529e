"""Text from outside, made such that every database keeps it."""


def storable(text: str) -> str:
    """`text` without what PostgreSQL or UTF-8 cannot hold: NUL characters go, lone surrogates become U+FFFD."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
