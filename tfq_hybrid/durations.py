"""Times as people write them."""

import math

from tfq_hybrid.errors import UserError


def duration(seconds):
    """Seconds in words.

    Example:

    >>> duration(50), duration(600), duration(9000)
    ('50 s', '10 min', '2 h 30 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def parse_minutes(text):
    """Minutes from a text such as `60m`, `2h` or `90`.

    Raises:
        UserError: `text` is not a duration.

    Example:

    >>> parse_minutes("2h"), parse_minutes("90m"), parse_minutes("15")
    (120.0, 90.0, 15.0)
    """
    units = {"m": 1.0, "h": 60.0}
    number, unit = text[:-1], units.get(text[-1:])
    if unit is None:
        number, unit = text, 1.0
    try:
        minutes = float(number) * unit
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise UserError(
            f"Expected a time such as 60m or 2h. Received: {text!r}"
        )
    return minutes
