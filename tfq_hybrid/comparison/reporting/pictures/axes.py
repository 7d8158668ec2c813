"""What the pictures share."""

from tfq_hybrid.reports.document import number

LABEL = 44  # letters of a row's name


def in_words(interval):
    """An interval as `3 (2 to 4)`."""
    return (
        f"{number(interval.value)} ({number(interval.low)} to "
        f"{number(interval.high)})"
    )


def as_log(axis):
    """A logarithmic axis whose ticks are plain numbers: 1, 2, 5, 10."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(lambda x, _: number(float(x)))
    axis.xaxis.set_minor_locator(NullLocator())
