"""What belongs together in a row of a formula, for whoever reads it out."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

from collections.abc import Iterable

from derive.render import expression as e

Children = tuple[e.Expression, ...]

_OPENING, _CLOSING = "([{⌊⌈⟨", ")]}⌋⌉⟩"
_SIGNS = "−-+"
APPLY = "\u2061"
PAUSE = 0.9  # em: this much space parts statements


def join_digits(children: Iterable[e.Expression]) -> list[e.Expression]:
    """The children, with the groups of digits of one number as one number."""
    joined: list[e.Expression] = []
    for child in children:
        match joined[-2:], child:
            case [e.Leaf("number", head), e.Spacing(width)], e.Leaf("number", tail) if width < PAUSE:
                joined[-2:] = [e.Leaf("number", head + tail)]
            case _:
                joined.append(child)
    return joined


def text_of(expression: e.Expression | None) -> str:
    """The symbol that an expression consists of; empty if it is more than one."""
    return expression.text if isinstance(expression, e.Leaf) else ""


def is_leaf(expression: e.Expression | None) -> bool:
    """Whether an expression is nothing or a single symbol."""
    return expression is None or isinstance(expression, e.Leaf)


def is_simple(expression: e.Expression | None) -> bool:
    """Whether nobody can mistake where an expression ends: a symbol, perhaps with an index."""
    return isinstance(expression, e.Leaf) or (
        isinstance(expression, e.Script)
        and is_leaf(expression.base)
        and (is_leaf(expression.below) or index_of(expression.below) is not None)
        and (is_leaf(expression.above) or is_leaf(inside(expression.above) or expression.above))
    )


def is_signed(expression: e.Expression | None) -> bool:
    """Whether an expression is simple, but for a sign before it."""
    match expression:
        case e.Row((e.Leaf(_, sign), number)) if sign in _SIGNS:
            return is_simple(number)
    return is_simple(expression)


def is_name(expression: e.Expression | None) -> bool:
    """Whether an expression is a word, such as the name of a function."""
    return (
        isinstance(expression, e.Leaf)
        and expression.kind in ("upright", "operator")
        and len(expression.text) > 1
        and expression.text.isalpha()
    )


def is_factor(expression: e.Expression | None) -> bool:
    """Whether an expression right before a matrix multiplies it."""
    match expression:
        case e.Leaf(kind):
            return kind in ("identifier", "number") and not is_name(expression)
        case e.Script(base):
            return is_factor(base)
    return isinstance(expression, e.Fraction | e.Fenced | e.Grid | e.Accent | e.Root)


def is_matrix(expression: e.Expression | None) -> bool:
    """Whether an expression is a matrix, perhaps with a brace or a power."""
    match expression:
        case e.Brace(body) | e.Script(body):
            return is_matrix(body)
        case e.Grid(kind):
            return kind == "matrix"
    return False


def index_of(expression: e.Expression | None) -> Children | None:
    """The indices that an expression lists, commas among them; None if it is anything else."""
    match expression:
        case e.Row(children) if all(
            isinstance(child, e.Leaf) and (child.kind in ("identifier", "number") or child.text == ",")
            for child in children
        ):
            return children
    return None


def shape_of(expression: e.Expression | None) -> tuple[str, str] | None:
    """Rows and columns, where an expression is nothing but two whole numbers and a cross."""
    match expression:
        case e.Row((e.Leaf("number", rows), e.Leaf(_, "×"), e.Leaf("number", columns))):
            return (rows, columns) if rows.isdigit() and columns.isdigit() else None
    return None


def inside(expression: e.Expression | None) -> e.Expression | None:
    """What an expression in round brackets holds."""
    match expression:
        case e.Fenced("(", body, ")"):
            return body
        case e.Row((e.Leaf(_, "("), body, e.Leaf(_, ")"))):
            return body
    return None


def after_differential(expression: e.Expression) -> tuple[str, Children] | None:
    r"""The sign and what follows it, where an expression begins with \partial or an upright d."""
    children = expression.children if isinstance(expression, e.Row) else (expression,)
    match children:
        case (e.Leaf("identifier", "∂"), *rest):
            return "∂", tuple(rest)
        case (e.Leaf("upright", "d"), *rest):
            return "d", tuple(rest)
    return None


def take_argument(rest: list[e.Expression]) -> e.Expression | None:
    """Take a simple argument in round brackets from the front, without them; nothing else is taken."""
    match rest:
        case [first, *_] if is_simple(argument := inside(first)):
            del rest[0]
            return argument
        case [e.Leaf(_, "("), argument, e.Leaf(_, ")"), *_] if is_simple(argument):
            del rest[:3]
            return argument
    return None


def take_operand(rest: list[e.Expression], relations: Iterable[str]) -> list[e.Expression]:
    """Take what a relation holds of: up to the next relation, comma, wide space or closing bracket."""
    depth, count = 0, 0
    for child in rest:
        text = text_of(child)
        depth += (text != "" and text in _OPENING) - (text != "" and text in _CLOSING)
        is_pause = isinstance(child, e.Spacing) and child.width >= PAUSE
        ends = is_pause or text in relations or text in (",", ";")
        if depth < 0 or (depth == 0 and ends):
            break
        count += 1
    taken = rest[:count]
    del rest[:count]
    return taken
