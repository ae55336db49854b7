"""grades.csv: the columns that nbgrader exports, and ours behind them."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from derive.classroom.grading.grade import Graded
from derive.classroom.roster import name_of
from derive.classroom.rubric import Rubric

NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip
_OURS = ("variant", "name", "handed_in", "absolute", "carried")
_LAST = ("mistakes", "troubles")
_PLACES = Decimal("0.0001")


def rows(assignment: str, rubric: Rubric, results: Sequence[Graded], language: str) -> Iterator[list[str]]:
    """The table, heads first; one row for each student, in the order of the results.

    Args:
        assignment: What it is called.
        rubric: Of the exercise.
        results: Of everybody.
        language: Of what could not be read.
    """
    yield [*NBGRADER, *_OURS, *rubric.points, *_LAST]
    for result in results:
        fields, paper = result.person.fields, result.paper
        score = spelled(paper.carried)
        yield [
            assignment,
            "",
            "",
            result.person.student,
            fields.get("last_name", ""),
            fields.get("first_name", ""),
            fields.get("email", ""),
            score,
            "0",
            score,
            spelled(rubric.most),
            result.person.form,
            name_of(fields),
            "1" if result.handed_in else "0",
            spelled(paper.absolute),
            score,
            *(spelled(part.carried) for part in paper.parts),
            " ".join(paper.mistakes),
            "; ".join(trouble.said(language) for trouble in result.troubles),
        ]


def spelled(points: Fraction) -> str:
    """Points as a decimal: exact where four places are enough, else rounded half even."""
    decimal = Decimal(points.numerator) / Decimal(points.denominator)
    text = f"{decimal.quantize(_PLACES, ROUND_HALF_EVEN):f}"
    return text.rstrip("0").rstrip(".")
