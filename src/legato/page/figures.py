"""Figures as a page writes them: with a true minus, as many digits as their neighbours, and units that suit them."""

from collections.abc import Iterable

from legato.page.html import UNKNOWN

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
UNITS = {"h": 3600.0, "min": 60.0, "s": 1.0}
LEAST_OF_UNIT = 2  # below two of a unit the next smaller one reads better


def number(value: float | None, digits: int = 0) -> str:
    """A number with the given digits after its point; what is not known is a dash.

    >>> number(-14.0, 1), number(-0.04, 1), number(None)
    ('−14.0', '0.0', '–')
    """
    if value is None:
        return UNKNOWN
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def percent(share: float | None, digits: int = 0) -> str:
    """A share of 0 to 1; what is not known is a dash.

    >>> percent(0.5), percent(None)
    ('50\\xa0%', '–')
    """
    return UNKNOWN if share is None else f"{number(100 * share, digits)}{SPACE}%"


def counted(n: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "track"), counted(3, "track")
    ('1 track', '3 tracks')
    """
    return f"{n} {noun}" + ("" if n == 1 else "s")


def unit_of(seconds: Iterable[float]) -> str:
    """The unit that suits the longest of some durations: `h`, `min` or `s`.

    >>> unit_of([7000]), unit_of([90, 7300]), unit_of([8])
    ('min', 'h', 's')
    """
    longest = max(seconds, default=0.0)
    return next((unit for unit, size in UNITS.items() if longest >= LEAST_OF_UNIT * size), "s")


def duration(seconds: float) -> str:
    """A duration in the unit that suits it.

    >>> duration(778.7), duration(67000), duration(10)
    ('13.0\\xa0min', '18.6\\xa0h', '10.0\\xa0s')
    """
    unit = unit_of([seconds])
    return f"{number(seconds / UNITS[unit], 1)}{SPACE}{unit}"


def clock(seconds: float) -> str:
    """A duration as players show it.

    >>> clock(33.75), clock(59.7), clock(3725)
    ('0:34', '1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
