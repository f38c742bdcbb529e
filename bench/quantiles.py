"""What a measurement says of many values: the quantile of a sorted list."""

from collections.abc import Sequence


def quantile(sorted_values: Sequence[float], part: float) -> float:
    """The value below which `part` (0 to 1) of them lie."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]
