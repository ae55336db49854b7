"""What a whole class shows: how points are spread, what went well, which mistakes were made how often."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from derive.classroom.grading.grade import Graded
from derive.classroom.grading.paper import Entry
from derive.classroom.rubric import Rubric

BINS = 10
_HARDEST = 10


@dataclass(frozen=True)
class Success:
    """How one quantity, or one entry of it, came out.

    Attributes:
        name: Of the quantity.
        place: The entry, None for the quantity as a whole.
        absolute: Mean share of the points without what is carried forward.
        carried: Mean share with it.
        blank: Share of the students who left it out.
    """

    name: str
    place: tuple[int, ...] | None
    absolute: Fraction
    carried: Fraction
    blank: Fraction


@dataclass(frozen=True)
class Summary:
    """Everything about those who handed in.

    Attributes:
        students: How many there are.
        handed_in: How many handed in.
        most: What can be reached.
        mean, median, lowest, highest: Of the points with what is carried forward; None where nobody came.
        mean_absolute: Without it.
        bins: Students by their share of the points: up to a tenth, up to two tenths, and so on.
        quantities: In the order of the rubric.
        hardest: The entries with the fewest points, the hardest first.
        mistakes: Usual mistake -> students who made it, the most frequent first.
    """

    students: int
    handed_in: int
    most: Fraction
    mean: Fraction | None
    median: Fraction | None
    lowest: Fraction | None
    highest: Fraction | None
    mean_absolute: Fraction | None
    bins: tuple[int, ...]
    quantities: tuple[Success, ...]
    hardest: tuple[Success, ...]
    mistakes: Mapping[str, int]


def summary(results: Sequence[Graded], rubric: Rubric) -> Summary:
    """The summary of a class."""
    came = [result for result in results if result.handed_in]
    points = [result.paper.carried for result in came]
    absolute = [result.paper.absolute for result in came]
    quantities = [_quantity(came, n) for n in range(len(rubric.points))] if came else []
    entries = [success for n in range(len(rubric.points)) for success in _entries(came, n)] if came else []
    missed = sorted((one for one in entries if one.absolute < 1), key=lambda one: (one.absolute, one.carried))
    counted = Counter(mistake for result in came for mistake in result.paper.mistakes)
    return Summary(
        students=len(results),
        handed_in=len(came),
        most=rubric.most,
        mean=_mean(points),
        median=median(points) if points else None,
        lowest=min(points, default=None),
        highest=max(points, default=None),
        mean_absolute=_mean(absolute),
        bins=_bins(points, rubric.most),
        quantities=tuple(quantities),
        hardest=tuple(missed[:_HARDEST]),
        mistakes=dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _mean(numbers: Sequence[Fraction]) -> Fraction | None:
    return sum(numbers, Fraction(0)) / len(numbers) if numbers else None


def _bins(points: Sequence[Fraction], most: Fraction) -> tuple[int, ...]:
    counts = [0] * BINS
    for reached in points:
        share = reached / most if most else Fraction(0)
        counts[min(BINS - 1, int(share * BINS))] += 1
    return tuple(counts)


def _quantity(came: Sequence[Graded], n: int) -> Success:
    parts = [result.paper.parts[n] for result in came]
    blank = sum(all(entry.verdict == "blank" for entry in part.entries) for part in parts)
    return Success(
        parts[0].name,
        None,
        sum((part.absolute / part.points for part in parts), Fraction(0)) / len(parts),
        sum((part.carried / part.points for part in parts), Fraction(0)) / len(parts),
        Fraction(blank, len(parts)),
    )


def _entries(came: Sequence[Graded], n: int) -> list[Success]:
    columns = zip(*(result.paper.parts[n].entries for result in came), strict=True)
    return [_entry(came[0].paper.parts[n].name, column) for column in columns]


def _entry(name: str, column: Sequence[Entry]) -> Success:
    count = len(column)
    return Success(
        name,
        column[0].place,
        sum((entry.absolute for entry in column), Fraction(0)) / count,
        sum((entry.carried for entry in column), Fraction(0)) / count,
        Fraction(sum(entry.verdict == "blank" for entry in column), count),
    )
