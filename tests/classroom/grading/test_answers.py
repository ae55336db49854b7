"""Answers as they come in: tables, JSON, names, indices, layouts, and whatever else students write."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from derive.classroom.grading import Cell, HandIn, Marker, Person, Roll, documents, nested, notebooks, tables
from derive.classroom.grading.handin import Sorter
from derive.classroom.grading.quantities import Vocabulary, place, within
from derive.errors import ProblemError
from derive.exercise import schema
from derive.network import build
from tests.classroom.grading.papers import EXERCISES, load

HOMEWORK = load("two-layer")
VOCABULARY = Vocabulary(build(HOMEWORK))
SHAPES = {"pre_activation_0": (1, 2), "output_0": (1, 2), "pre_activation_1": (1, 2), "output_1": (1, 2),
          "loss": (), "W_0": (2, 2), "W_1": (2, 2)}  # fmt: skip
SORTER = Sorter(VOCABULARY, SHAPES)


def sorted_out(*cells: tuple[str, str, Any]) -> tuple[dict[str, list[Any]], list[str]]:
    """Numbers by quantity, and the kinds of trouble."""
    arrays, troubles = SORTER.sort(HandIn("s", cells=[Cell(*cell) for cell in cells]))
    numbers = {name: [cell.number for cell in array.flat] for name, array in arrays.items()}
    return numbers, [trouble.kind for trouble in troubles]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h", ("pre_activation_0", None)),
        ("L", ("output_0", None)),
        ("l", ("loss", None)),
        ("$W_{0}$", ("W_0", None)),
        ("W_0[0,1]", ("W_0", (0, 1))),
        ("w_0(1, 1)", ("W_0", (1, 1))),
        ("dl/dW_1", ("W_1", None)),
        ("\u2202l/\u2202W_0", ("W_0", None)),
        ("grad_W_0[1][0]", ("W_0", (1, 0))),
        ("h_0", ("pre_activation_0", (0,))),
        ("s_1", ("output_1", (1,))),
        ("output_1[0,1]", ("output_1", (0, 1))),
        ("LOSS", ("loss", None)),
        ("dl_dh", ("pre_activation_gradient_0", None)),
        ("x", None),
        ("", None),
        ("W_9", None),
        ("=W_0", None),
        ("W_0" * 100, None),
    ],
)
def test_names(text: str, expected: Any) -> None:
    assert VOCABULARY.entry(text) == expected


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_every_quantity_is_known_by_what_the_exercise_prints(path: Any) -> None:
    exercise = load(path.stem)
    vocabulary = Vocabulary(build(exercise))
    for name in Marker(exercise).rubric.points:
        assert vocabulary.quantity(name) == name
    for quantity, names in vocabulary.codes.items():
        assert all(vocabulary.quantity(name) == quantity for name in names), (quantity, names)


@pytest.mark.parametrize(
    ("named", "shape", "expected"),
    [
        ((1,), (1, 2), (0, 1)),
        ((0, 1), (1, 2), (0, 1)),
        ((0, 1), (2,), (1,)),
        ((), (), ()),
        ((0,), (), ()),
        ((0, 0), (), ()),
        ((2,), (1, 2), None),
        ((1, 1), (1, 2), None),
        ((1, 0), (2, 2), (1, 0)),
        ((3,), (2, 2), None),
        ((0, 0, 1), (1, 2), (0, 1)),
        ((), (1, 1), (0, 0)),
        ((), (1, 2), None),
    ],
)
def test_indices(named: Any, shape: Any, expected: Any) -> None:
    assert within(named, shape) == expected


def test_indices_as_text() -> None:
    assert [place(text) for text in ("[0,1]", "0 1", "(0)(1)", "0;1", "[]", "")] == [(0, 1)] * 4 + [(), ()]
    assert place("one") is place("[0,1]" * 100) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[1, 2], [3, 4]]", [["1", "2"], ["3", "4"]]),
        ("[6. -3.]", ["6.", "-3."]),
        ("(6; -3)", ["6", "-3"]),
        ("6; -3", ["6", "-3"]),
        ("[1,,2]", ["1", "", "2"]),
        ("[[1. 2.]\n [3. 4.]]", [["1.", "2."], ["3.", "4."]]),
        ("6", "6"),
        ("1,5", "1,5"),
    ],
)
def test_matrices_in_a_cell(text: str, expected: Any) -> None:
    assert nested.parse(text) == expected


@pytest.mark.parametrize("text", ["[", "[]]", "[1] [2]", "[" * 50, "array([1])", "[" + "1," * 100_000 + "]"])
def test_what_is_no_matrix(text: str) -> None:
    with pytest.raises(nested.NotNestedError):
        nested.parse(text)


@pytest.mark.parametrize(
    "value", [["6", "-3"], [["6", "-3"]], [["6"], ["-3"]], "[6, -3]", "6; -3", "[[6 -3]]", [[["6", "-3"]]]]
)
def test_layouts_of_a_vector(value: Any) -> None:
    assert sorted_out(("h", "", value)) == ({"pre_activation_0": [6, -3]}, [])


@pytest.mark.parametrize("value", [[["1", "2"], ["3", "4"]], ["1", "2", "3", "4"], [["1", "2", "3", "4"]]])
def test_layouts_of_a_matrix(value: Any) -> None:
    assert sorted_out(("W_0", "", value)) == ({"W_0": [1, 2, 3, 4]}, [])


@pytest.mark.parametrize("value", [[["1", "2", "3"]], ["1"], [["1", "2"], ["3"]], [], ["1"] * 20_000, [[]]])
def test_wrong_shapes(value: Any) -> None:
    found, troubles = sorted_out(("h", "", value))
    if value:
        assert found == {"pre_activation_0": [None, None]}
        assert troubles == ["shape"]
    else:
        assert (found, troubles) == ({}, [])


def test_columns_of_a_batch_are_told_by_the_convention() -> None:
    layers = "layers: [{weights: [[1, 1], [0, 1]], activation: relu}]"
    text = f"id: t\ninput: [[1, 2], [3, 4], [5, 6]]\n{layers}\nloss: sum\n"
    values = [["1", "2", "3"], ["4", "5", "6"]]
    for convention, read in (("row", None), ("column", [1, 4, 2, 5, 3, 6])):
        network = build(schema.load(text + f"convention: {convention}\n", "t.yaml"))
        sorter = Sorter(Vocabulary(network), {"pre_activation_0": (3, 2)})
        arrays, _ = sorter.sort(HandIn("s", cells=[Cell("pre_activation_0", "", values)]))
        found = [cell.number for cell in arrays["pre_activation_0"].flat]
        assert found == (read or [None] * 6)


def test_what_comes_twice_counts_as_it_came_last() -> None:
    found, troubles = sorted_out(
        ("h", "[0]", "1"), ("h", "[1]", "2"), ("h", "[0]", "3"), ("loss", "", "1"), ("l", "", "2")
    )
    assert found == {"pre_activation_0": [3, 2], "loss": [2]}
    assert troubles == ["twice", "twice"]


def test_what_belongs_nowhere_is_said() -> None:
    _, troubles = sorted_out(
        ("q", "", "1"), ("h", "[7]", "1"), ("h", "x", "1"), ("q2", "", ""), ("W_0", "[0]", "1")
    )
    assert troubles == ["unknown_quantity", "unknown_entry", "unknown_entry", "unknown_entry"]


LONG = "student,quantity,index,value\ns1,h,[0],6\ns1,h,[1],-3\ns2,loss,,36\n"


def table(text: str) -> tables.Collected:
    return tables.collect(text, "answers.csv", VOCABULARY)


def by_student(found: tables.Collected) -> dict[str, Any]:
    """Numbers by student and quantity; what is blank is left out."""
    arrays = {one.student or one.form: SORTER.sort(one)[0] for one in found.hand_ins}
    return {
        student: {
            name: [cell.number for cell in array.flat]
            for name, array in own.items()
            if not all(cell.is_blank for cell in array.flat)
        }
        for student, own in arrays.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "\ufeff" + LONG,
        LONG.replace(",", ";"),
        LONG.replace(",", "\t"),
        "sep=;\n" + LONG.replace(",", ";"),
        LONG.replace("\n", "\r\n"),
        "\n\n" + LONG + "\n\n",
        "학번,h[0],h_1,loss,e-mail\ns1,6,\u22123,,a@b\ns2,,,36,\n",
        "id;h;l\ns1;[6 -3];\ns2;;36\n",
        'id,h,l\ns1,"[6, -3]",\ns2,,36\n',
    ],
)
def test_tables(text: str) -> None:
    assert by_student(table(text)) == {"s1": {"pre_activation_0": [6, -3]}, "s2": {"loss": [36]}}


def test_form_ids_are_enough() -> None:
    found = table("variant,quantity,index,value\nxq4-7fhc,loss,,36\n")
    assert [(one.student, one.form) for one in found.hand_ins] == [("", "XQ4-7FHC")]


def test_columns_that_hold_no_answers_are_told() -> None:
    assert table("student,loss,comment\ns1,36,hi\n").ignored == ("comment",)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there are no answers"),
        ("\n \n", "there are no answers"),
        ("a,b\n1,2\n", "no column with students"),
        ("student,x\ns1,2\n", "no column with answers"),
    ],
)
def test_files_that_hold_no_answers(text: str, what: str) -> None:
    with pytest.raises(ProblemError) as caught:
        table(text)
    (problem,) = caught.value.problems
    assert what in problem.what
    assert problem.fix


def test_a_broken_line_costs_its_sender_alone() -> None:
    text = LONG + 's3,h,[0],"6\ns4,loss,,35\ns5,h,[0],0,5\ns6,loss,,"3"7\n'
    found = table(text)
    numbers = by_student(found)
    assert numbers["s1"] == {"pre_activation_0": [6, -3]}
    assert numbers["s4"] == {"loss": [35]}
    assert numbers["s5"] == {}
    assert [one.troubles[0].kind for one in found.hand_ins if one.troubles] == ["unreadable_line"]
    assert {trouble.kind for trouble in found.strays} == {"unreadable_line"}
    assert any(trouble.where.startswith("s3") for trouble in found.strays)


def test_a_huge_cell_costs_its_sender_alone() -> None:
    text = LONG + "s3,h,[0]," + "9" * 10**7 + "\ns3," + "x" * 10**6 + ",,1\ns4,loss,,35\n"
    found = table(text)
    assert by_student(found)["s4"] == {"loss": [35]}
    assert by_student(found)["s3"] == {"pre_activation_0": [None, None]}


def test_apostrophes_of_spreadsheets_come_off() -> None:
    found = table("student,quantity,index,value\n'=HYPERLINK(1),loss,,'-3\n")
    assert by_student(found) == {"=HYPERLINK(1)": {"loss": [-3]}}


DOCUMENTS = [
    {"s1": {"h": [6, -3]}, "s2": {"loss": 36}},
    {"s1": {"answers": {"h": ["6", "-3"]}}, "s2": {"answers": {"l": 36.0}}},
    [{"student": "s1", "answers": {"h": [[6], [-3]]}}, {"student": "s2", "loss": "36"}],
    [
        {"student": "s1", "quantity": "h", "index": [0], "value": 6},
        {"student": "s1", "quantity": "h", "index": "1", "value": -3},
        {"student": "s2", "quantity": "loss", "value": 36},
    ],
]


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_documents(document: Any, indent: int | None) -> None:
    found = documents.collect(json.dumps(document, indent=indent), "a.json")
    assert by_student(found) == {"s1": {"pre_activation_0": [6, -3]}, "s2": {"loss": [36]}}


def test_numbers_in_documents_are_exact() -> None:
    found = documents.collect('{"s": {"loss": 0.10000000000000000000001}}', "a.json")
    assert by_student(found) == {"s": {"loss": [Fraction("0.10000000000000000000001")]}}


@pytest.mark.parametrize(
    "bad",
    [
        "[" * 5000 + "]" * 5000,
        '{"h": NaN}',
        '{"h": true}',
        '{"h": {"a": 1}}',
        "3",
        "null",
        '"x"',
        '{"h": [{}, {}]}',
        '{"h": 1e999}',
        '{"h": ' + "9" * 10_000 + "}",
        '{"a" 1}',
        "tru",
        '{"h": "' + "x" * 10**6 + '"}',
        "{}",
    ],
)
def test_a_bad_member_costs_its_sender_alone(bad: str) -> None:
    found = documents.collect(f'{{"s0": {bad}, "s1": {{"loss": 36}}}}', "a.json")
    numbers = by_student(found)
    assert numbers["s1"] == {"loss": [36]}
    assert not any(one is not None for row in numbers.get("s0", {}).values() for one in row)


@pytest.mark.parametrize("text", ["3", "", '{"s": {"loss": 1}', "[", '"a"'])
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(ProblemError):
        documents.collect(text, "a.json")


def notebook(*cells: str, **extra: Any) -> str:
    listed = [{"cell_type": "code", "source": source, "metadata": {}} for source in cells]
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "x"}, *listed]} | extra)


def test_cells_of_notebooks() -> None:
    written = notebook("x = 1\n%matplotlib inline\n!ls\ny = 2", "%%bash\nrm -rf /", "%%time\nz = 3")
    found = notebooks.cells(written)
    assert found == ["x = 1\npass\npass\ny = 2", "", "\nz = 3"]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[" * 10**5]
)
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(notebooks.NoNotebookError):
        notebooks.cells(text)


def test_variables_of_notebooks() -> None:
    values = {"h": ["6", "-3"], "grad_W_0": [["24", "0"], ["6", "0"]], "l": None}
    values["W_0"] = [["1", "-2"], ["2", "5"]]  # the weights, not their gradient
    hand_in = notebooks.hand_in("s", VOCABULARY, values, [(3, "NameError: x")], ["os.remove"])
    arrays, troubles = SORTER.sort(hand_in)
    assert [cell.number for cell in arrays["W_0"].flat] == [24, 0, 6, 0]
    assert set(arrays) == {"pre_activation_0", "W_0"}
    assert [trouble.kind for trouble in troubles] == ["cell_failed", "refused"]


def people(*ids: str) -> tuple[Person, ...]:
    return tuple(Person(student, f"F{n}") for n, student in enumerate(ids))


def test_everybody_on_the_roll_is_seated_in_its_order() -> None:
    roll = Roll("x", HOMEWORK, people("b", "a", "007"), named=True)
    hand_ins = [HandIn("a"), HandIn("nobody"), HandIn("7"), HandIn("", "F0"), HandIn("a", "F2")]
    seats, strangers = roll.seated(hand_ins)
    assert [seat.person.student for seat in seats] == ["b", "a", "007"]
    assert all(seat.hand_in is not None for seat in seats)
    assert [one.student for one in strangers] == ["nobody"]
    assert seats[1].hand_in is not None
    assert [trouble.kind for trouble in seats[1].hand_in.troubles] == ["other_form"]


def test_without_a_class_list_the_form_says_which_numbers() -> None:
    roll = Roll("x", HOMEWORK, people("1", "2"), named=False)
    seats, strangers = roll.seated([HandIn("kim", "F1"), HandIn("lee", "F1"), HandIn("2"), HandIn("park")])
    assert [seat.person.key for seat in seats] == [("kim", "F1"), ("lee", "F1"), ("2", "F1")]
    assert [one.student for one in strangers] == ["park"]


def test_without_variants_everybody_may_hand_in() -> None:
    seats, strangers = Roll("x", HOMEWORK).seated([HandIn("kim"), HandIn("", "F")])
    assert [seat.person.student for seat in seats] == ["kim"]
    assert len(strangers) == 1


def test_arrays_have_the_shapes_of_the_right_answers() -> None:
    arrays, _ = SORTER.sort(HandIn("s", cells=[Cell("W_0[1,0]", "", "3")]))
    assert arrays["W_0"].shape == (2, 2)
    assert [cell.is_blank for cell in arrays["W_0"].flat] == [True, True, False, True]
    assert np.shape(arrays["W_0"]) == SHAPES["W_0"]
