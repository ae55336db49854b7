"""A small quiz that has everything: pictures, formulas, wrong answers, an entry that is printed."""

from decimal import Decimal
from fractions import Fraction

from derive.render import Page, Picture
from derive.render.audience import for_reader
from derive.render.markdown import escape, parse
from derive.render.quiz import Fixed, Gap, Grid, Question, Quiz, WrongAnswer

TASK = """# Given

{text} costs \\$5 or $x < y$, in `a & b`.

$$
W = \\begin{{pmatrix}} 1 & -2 \\\\ 2 & 5 \\end{{pmatrix}}
$$

![x](picture:network)

| a | b |
|:--|--:|
| $\\tfrac{{1}}{{2}}$ | {text} |
"""
SOLUTION = """# Solution

{text}

$$
\\underbrace{{(6)}}_{{1 \\times 1}} = 6
$$

![x](picture:network)
"""


def gap(name: str, answer: str, *wrong: WrongAnswer, points: Fraction = Fraction(1, 2)) -> Gap:
    return Gap(name, Decimal(answer), Decimal("0.01"), points, wrong)


def wrong(value: str, comment: str, share: int = 50) -> WrongAnswer:
    return WrongAnswer(Decimal(value), Decimal("0.01"), share, comment)


def question(picture: Picture, text: str = "It", identifier: str = "two-layer") -> Question:
    """A question in which a text from outside stands wherever one can."""
    page = Page(text, "en", "key", identifier, pictures={"network": Picture(picture.svg, text)})
    slipped = (wrong("6.5", text), wrong("-6", "the sign { } ~ # \\} is 50% off"), wrong("0", "nothing", 0))
    rows = (
        (gap("a-0-0", "6", *slipped), gap("a-0-1", "-0.25")),
        (gap("a-1-0", "0", points=Fraction(1, 3)), Fixed(r"2.3 \times 10^{-16}")),
    )
    return Question(
        page=page,
        task=for_reader(parse(TASK.format(text=escape(text))), "handout", "quiz"),
        grids=(
            Grid(r"\frac{\partial l}{\partial W_{0}}", "4/3", rows),
            Grid("l", "2", ((gap("l", "1200000", points=Fraction(2)),),)),
        ),
        solution=parse(SOLUTION.format(text=escape(text))),
    )


def quiz(picture: Picture, text: str = "It") -> Quiz:
    return Quiz(text, (question(picture, text),))
