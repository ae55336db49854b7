"""A class that hands in answers with known mistakes, computed without the program.

Every student has a variant of a network like the homework's. Who makes which mistake, and what that must
earn, is decided here; numbers come from `by_hand.Course`.
"""

import csv
import io
import random
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import mpmath

from derive.classroom import variants
from derive.classroom.frozen import numbers
from derive.classroom.grading import Person
from derive.classroom.variants import Tally
from derive.engine.bulk.model import network_of
from derive.exercise import schema
from derive.network import Network
from tests.classroom.by_hand import WRONG, Course, number, times

NODES = ("pre_activation_0", "output_0", "pre_activation_1", "output_1", "loss", "W_1", "W_0")
POINTS = dict(zip(NODES, (1, 1, 1, 1, 1, 3, 4), strict=True))
SLIPS = (*NODES, "delta_1", "delta_0")
NOT_WORKED_OUT = ("blanks", "garbage", "stock", "emptied", "far")
Values = dict[str, list[Any]]


@dataclass
class Slipping(Course):
    """The same course, with a wrong number at one step and everything after it worked out from that.

    Attributes:
        node: Where; a quantity, or `delta_1` or `delta_0`, which nobody hands in.
        change: From the right row to the wrong one.
        step: What is done to every number that is written down, such as rounding.
    """

    node: str = ""
    change: Any = None
    step: Any = lambda one: one

    def at(self, node: str, row: list[Any]) -> list[Any]:
        row = [self.step(one) for one in row]
        return self.change(row) if node == self.node else row

    def run(self) -> Values:
        self.h = self.at("pre_activation_0", times(self.x, self.w0))
        self.hidden = self.at("output_0", self.activate(self.h))
        self.o = self.at("pre_activation_1", times(self.hidden, self.w1))
        powers = [self.step(mpmath.exp(real(one))) for one in self.o]
        self.s = self.at("output_1", [power / sum(powers) for power in powers])
        self.y = [number(y) for y in self.y]
        loss = self.at("loss", [-sum(y * self.log(s) for y, s in zip(self.y, self.s, strict=True) if y)])
        self.delta_1 = self.at("delta_1", self.delta(self))
        self.delta_0 = self.at("delta_0", self.mask(self, self.back(self)))
        w1, w0 = self.w1_gradient(self), self.w0_gradient(self)
        return {
            "pre_activation_0": self.h,
            "output_0": self.hidden,
            "pre_activation_1": self.o,
            "output_1": self.s,
            "loss": loss,
            "W_1": self.at("W_1", [one for row in w1 for one in row]),
            "W_0": self.at("W_0", [one for row in w0 for one in row]),
        }


def real(one: Any) -> Any:
    return number(one) if isinstance(one, Fraction) else mpmath.mpf(one)


def rounded(one: Any, digits: int) -> Decimal:
    """Half up, as it is taught."""
    decimal = Decimal(mpmath.nstr(real(one), 35, strip_zeros=False, min_fixed=-100, max_fixed=100))
    return Context(prec=digits, rounding=ROUND_HALF_UP).plus(decimal)


def spelled(one: Any, digits: int) -> str:
    decimal = rounded(one, digits).normalize()
    text = f"{decimal:e}" if 0 < abs(decimal) < Decimal("1e-6") else f"{decimal:f}"
    return "0" if text in ("-0", "0") else text


@dataclass
class Student:
    """One student.

    Attributes:
        person: With their own numbers.
        kind: What was planted.
        mistake: The usual mistake that was planted; empty for none.
        where: The quantity or step of a slip.
        texts: (quantity, index) -> what the cell says.
        full: Quantities that must earn all their points with what is carried forward.
        none: Quantities that must earn nothing.
        carried: Quantities in which something must be carried: full with it, not full without.
        same: Quantities in which nothing is to be carried.
    """

    person: Person
    kind: str
    mistake: str = ""
    where: str = ""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    none: set[str] = field(default_factory=set)
    carried: set[str] = field(default_factory=set)
    same: set[str] = field(default_factory=set)


def networks(text: str, count: int) -> list[tuple[Network, dict[str, Any]]]:
    """Variants of an exercise, each with its numbers as text."""
    outlook = variants.look_ahead(variants.prepare(schema.load(text, "x.yaml")), "x.yaml")
    keys = [variants.key("simulated", 1, str(n)) for n in range(count)]
    drawn = variants.draw(outlook.plan, keys, {outlook.plan.own_form}, Tally(), "x.yaml")
    found = [
        network_of(block.batch, index, outlook.plan.space.network)
        for block in drawn
        for index in range(len(block.difficulty))
    ]
    return [(network, numbers(network)) for network in found]


def given(network: Network) -> dict[str, Any]:
    first, second = network.layers
    assert network.targets is not None
    parts = {"x": network.inputs[0], "y": network.targets[0], "w0": first.weights, "w1": second.weights}
    return {
        name: [list(row) for row in part] if name.startswith("w") else list(part)
        for name, part in parts.items()
    }


class Simulation:
    """The class; the same for the same seed."""

    def __init__(self, text: str, count: int, seed: int = 1, digits: int = 4) -> None:
        self.random = random.Random(seed)
        self.digits = digits
        self.students = []
        for place, (network, texts) in enumerate(networks(text, count)):
            person = Person(f"s{place:04}", f"F{place:04}", {}, texts)
            self.students.append(self.student(place, person, given(network)))

    def student(self, place: int, person: Person, own: dict[str, Any]) -> Student:
        """Kinds in turn, so that the class has a known number of each."""
        mistakes = sorted(WRONG)
        kinds = [("mistake", name) for name in mistakes] + [("slip", node) for node in SLIPS]
        kinds += [("mistake on own", name) for name in mistakes[::3]]
        kinds += [(kind, "") for kind in ("right", "right", "by hand", "coarse", *NOT_WORKED_OUT)]
        kind, what = kinds[place % len(kinds)]
        student = Student(person, kind)
        getattr(self, kind.replace(" ", "_"))(student, own, what)
        return student

    def write(self, student: Student, values: Values, digits: int | None = None) -> None:
        """Write every entry down, in one of the usual ways."""
        for name in NODES:
            for place, entry in enumerate(values[name]):
                text = spelled(entry, digits or self.digits + self.random.choice((0, 0, 1, 4)))
                styles = [text.replace(".", ","), text.replace("-", "\u2212"), f" {text} ", text, text]
                text = self.random.choice(styles)
                student.texts[name, index(name, place, values)] = text

    def rounded(self, one: Any) -> Any:
        return real(Fraction(rounded(one, self.digits)))

    def right(self, student: Student, own: dict[str, Any], what: str) -> None:
        self.write(student, Slipping(**own).run())
        student.full = set(NODES)

    def by_hand(self, student: Student, own: dict[str, Any], what: str) -> None:
        """Rounded at every step, and gone on with what was rounded."""
        self.write(student, Slipping(**own, step=self.rounded).run(), self.digits)
        student.full = set(NODES)

    def coarse(self, student: Student, own: dict[str, Any], what: str) -> None:
        """Right, but the loss is rounded to two digits."""
        values = Slipping(**own).run()
        self.write(student, values)
        student.texts["loss", ""] = f"{rounded(values['loss'][0], 2):f}"
        student.full = set(NODES) - {"loss"}
        student.where = "loss"

    def blanks(self, student: Student, own: dict[str, Any], what: str) -> None:
        """Some quantities are left out; the others are right."""
        self.right(student, own, what)
        left_out = set(self.random.sample(NODES, self.random.randint(1, len(NODES))))
        for name, place in list(student.texts):
            if name in left_out:
                student.texts[name, place] = self.random.choice(("", " ", "-", "?"))
        student.full, student.none = set(NODES) - left_out, left_out

    def garbage(self, student: Student, own: dict[str, Any], what: str) -> None:
        """One quantity is nothing that could be read; the others are right."""
        self.right(student, own, what)
        spoilt = self.random.choice(NODES)
        for name, place in list(student.texts):
            if name == spoilt:
                student.texts[name, place] = self.random.choice(
                    ("nan", "1e999", "=1+1", "모름", "<b>3</b>", "1/0", "٪", "'; DROP TABLE", "9" * 5000)
                )
        student.full, student.none = set(NODES) - {spoilt}, {spoilt}
        student.where = spoilt

    def mistake(self, student: Student, own: dict[str, Any], what: str) -> None:
        """Half of them round at every step."""
        if self.random.random() < 0.5:
            self.write(student, Slipping(**own, **WRONG[what]).run())
        else:
            self.write(student, Slipping(**own, **WRONG[what], step=self.rounded).run(), self.digits)
        student.mistake = what

    def mistake_on_own(self, student: Student, own: dict[str, Any], what: str) -> None:
        """A slip in h, and then a usual mistake with the own numbers."""
        for _ in range(100):  # some slips leave nothing for the mistake to show in
            state = self.random.getstate()
            plain = Slipping(**own, node="pre_activation_0", change=self.in_h).run()
            self.random.setstate(state)
            values = Slipping(**own, **WRONG[what], node="pre_activation_0", change=self.in_h).run()
            shows = any(differs(values[name], plain[name], self.digits) for name in NODES)
            if shows and alive(plain, own) and alive(values, own):
                self.write(student, values)
                student.mistake = what
                return
        self.mistake(student, own, what)

    def slip(self, student: Student, own: dict[str, Any], what: str) -> None:
        """A wrong number at one step, and everything after it rightly from there."""
        change = {"pre_activation_0": self.in_h, "output_1": self.in_shares}.get(what, self.anywhere)
        right = Slipping(**own).run()
        while not alive(values := Slipping(**own, node=what, change=change).run(), own):
            pass
        self.write(student, values)
        student.where = what
        shown = {"delta_1": "W_1", "delta_0": "W_0"}.get(what, what)
        student.full = set(NODES) - {shown}
        student.carried = {name for name in student.full if differs(values[name], right[name], self.digits)}
        student.same = {name for name in student.full if not differs(values[name], right[name], 20)}

    def stock(self, student: Student, own: dict[str, Any], what: str) -> None:
        """The same number everywhere in h, and everything after it from there."""
        values = Slipping(**own, node=NODES[0], change=lambda row: [mpmath.mpf(7)] * len(row)).run()
        self.write(student, values)
        student.where, student.none = NODES[0], {NODES[0]}

    def emptied(self, student: Student, own: dict[str, Any], what: str) -> None:
        """Nothing but negative numbers in h: all that follows is nothing but zeros and what zeros lead to."""
        change = lambda row: [-abs(one) - 100 - n for n, one in enumerate(row)]  # noqa: E731
        self.write(student, Slipping(**own, node=NODES[0], change=change).run())
        student.where, student.none = NODES[0], set(NODES[1:])

    def far(self, student: Student, own: dict[str, Any], what: str) -> None:
        """So large a number for the right class that loss and gradients are as good as zero."""
        change = lambda row: [300 if y else -300 for y in own["y"]]  # noqa: E731
        self.write(student, Slipping(**own, node="pre_activation_1", change=change).run())
        student.where, student.none = "pre_activation_1", {"loss", "pre_activation_1"}

    def in_h(self, row: list[Any]) -> list[Any]:
        """A slip in the hidden layer that leaves some unit on."""
        while True:
            wrong = self.anywhere(row)
            if any(one > 0 for one in wrong):
                return wrong

    def in_shares(self, row: list[Any]) -> list[Any]:
        """A slip that leaves a positive number, of which there is a logarithm."""
        place = self.random.randrange(len(row))
        return [one * mpmath.mpf("1.37") if n == place else one for n, one in enumerate(row)]

    def anywhere(self, row: list[Any]) -> list[Any]:
        """One number that isn't zero with another sign, ten times as large, two more, or just wrong."""
        place = self.random.choice([n for n, one in enumerate(row) if abs(one) > 1e-9])
        factor, more = self.random.choice(((-1, 0), (10, 0), (1, 2), (mpmath.mpf("1.37"), 0)))
        return [one * factor + more if n == place else one for n, one in enumerate(row)]

    def table(self) -> str:
        """Everything as CSV."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["student", "quantity", "index", "value"])
        for student in self.students:
            for (name, place), text in student.texts.items():
                writer.writerow([student.person.student, name, place, text])
        return file.getvalue()


def index(name: str, place: int, values: Values) -> str:
    if name == "loss":
        return ""
    width = len(values["output_0" if name == "W_0" else "output_1"])
    return f"[{place // width},{place % width}]" if name.startswith("W") else f"[{place}]"


def alive(values: Values, own: dict[str, Any]) -> bool:
    """Whether no quantity is as good as zero that isn't in truth."""
    right = Slipping(**own).run()
    return all(
        max(abs(real(one)) for one in values[name]) > max(abs(real(one)) for one in right[name]) / 10**5
        for name in NODES
    )


def differs(left: list[Any], right: list[Any], digits: int) -> bool:
    """Whether rounding can't be the reason."""
    size = max(abs(real(one)) for one in right)
    return any(abs(real(a) - real(b)) > size / 10 ** (digits - 2) for a, b in zip(left, right, strict=True))
