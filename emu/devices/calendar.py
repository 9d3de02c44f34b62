"""The proleptic Gregorian calendar over whole numbers of days since 1970-01-01, a Thursday."""

from __future__ import annotations

DAYS_PER_400_YEARS = 146_097
DAYS_FROM_0000_03_01 = 719_468
"""Days from 1 March of the year 0 to 1 January 1970."""


def days_of(year: int, month: int, day: int) -> int:
    """Days since the epoch; a day beyond the month's end counts on into the next."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * DAYS_PER_400_YEARS + day_of_era - DAYS_FROM_0000_03_01


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month (1 to 12) and day (1 to 31)."""
    era, day_of_era = divmod(days + DAYS_FROM_0000_03_01, DAYS_PER_400_YEARS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = (shifted + 2) % 12 + 1
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def weekday_of(days: int) -> int:
    """1 for Sunday to 7 for Saturday, as clock chips count."""
    return (days + 4) % 7 + 1
