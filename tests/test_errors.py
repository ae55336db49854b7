"""How a problem is described: place, line, carets, what is known, a fix."""

import pickle

from derive.errors import Problem, ProblemError, describe


def test_everything_is_shown_in_order() -> None:
    problem = Problem(
        "exercises/xor.yaml",
        14,
        17,
        'unknown activation "sigmod"',
        "known: identity, sigmoid",
        'did you mean "sigmoid"?',
        "    activation: sigmod",
        6,
    )
    assert describe(problem) == (
        'exercises/xor.yaml:14:17: error: unknown activation "sigmod"\n'
        "    activation: sigmod\n"
        "                ^^^^^^\n"
        "  known: identity, sigmoid\n"
        '  fix: did you mean "sigmoid"?'
    )


def test_what_is_not_known_is_left_out() -> None:
    assert describe(Problem("a.yaml", None, None, "is empty")) == "a.yaml: error: is empty"
    assert describe(Problem("", None, None, "no torch")) == "error: no torch"


def test_carets_stand_below_wide_characters() -> None:
    lines = describe(Problem("a", 1, 5, "x", excerpt="제목: 값이 a", width=2)).splitlines()
    assert lines[1:] == ["제목: 값이 a", " " * 6 + "^^^^"]


def test_tabs_stay_tabs_below_themselves() -> None:
    assert describe(Problem("a", 1, 5, "x", excerpt="\ta:\tb")).splitlines()[2] == "\t  \t^"


def test_long_lines_are_cut_around_the_place() -> None:
    lines = describe(Problem("a", 1, 5001, "x", excerpt="a" * 5000 + "b" + "c" * 5000)).splitlines()
    assert len(lines[1]) < 130
    assert lines[1][lines[2].index("^")] == "b"


def test_a_file_cannot_steer_the_terminal() -> None:
    problem = Problem("a\x1b[2J", 1, 1, "x\ny: error: no", "\x07", "\u202e", "\x1b[31mred\u2028", 1)
    text = describe(problem)
    assert not set(text) & set("\x1b\x07\u202e\u2028")
    assert text.splitlines()[0].endswith("no")


def test_problems_cross_from_one_process_to_another() -> None:
    problem = Problem("a", 1, 2, "what", "why", "fix", "excerpt", 3)
    back = pickle.loads(pickle.dumps(ProblemError([problem])))
    assert type(back) is ProblemError
    assert back.problems == (problem,)
    assert str(back) == "what"
