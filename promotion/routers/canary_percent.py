"""The range of a split, checked alike by every router before it does anything."""


def refuse_impossible_percent(canary_percent: int) -> None:
    """Raise ValueError unless `canary_percent` is a whole number of 0..100."""
    if isinstance(canary_percent, bool) or not isinstance(canary_percent, int) or not 0 <= canary_percent <= 100:
        raise ValueError(f"canary_percent is {canary_percent!r}; expected a whole number from 0 to 100")
