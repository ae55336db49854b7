r"""The symbol of every quantity and its LaTeX spelling.

A symbol in an exercise file is a letter or the name of a Greek one, with decorations: `h`, `W_0`,
`delta`, `x_{in}`, `z^{(2)}`, `\hat{y}`, `hat y`, `bold W`, `tilde x`. Anything else is refused: raw
LaTeX would let text from a file act as markup.
"""

import keyword
import re
from collections.abc import Mapping

GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota",
    "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi",
    "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi",
    "Omega",
)  # fmt: skip
DECORATIONS = {"hat": r"\hat", "tilde": r"\tilde", "bar": r"\bar", "bold": r"\mathbf"}
_DECORATED_LATEX = re.compile(r"\\(hat|tilde|bar|mathbf)\{([^{}]*)\}")
_TAKEN = frozenset({"np", "torch", "erf", "softmax", "sigmoid", "Phi", "lam"})  # by what listings import
_NAME = re.compile(r"\\?(?P<name>[A-Za-z]+)")
_SCRIPT = re.compile(
    r"(?P<kind>[_^])(?:\{(?P<braced>[A-Za-z0-9]{1,8}|\([A-Za-z0-9]{1,8}\))\}|(?P<single>[A-Za-z0-9]))"
)
_DECORATED = r"\\?{}(?:\{{(?P<inner>[^{{}}]*)\}}(?P<tail>.*)| +(?P<words>.+))"


def parse_symbol(text: str) -> str:
    r"""LaTeX of a symbol as an exercise file spells it.

    Args:
        text: For example `h`, `delta_1`, `hat y`, `\hat{y}`, `z^{(2)}`.

    Returns:
        LaTeX, such as `\delta_{1}`.

    Raises:
        ValueError: It is no letter or Greek name with scripts and decorations; the message says what is.
    """
    rest, closing = text.strip(), ""
    opening = ""
    for word, command in DECORATIONS.items():
        if match := re.fullmatch(_DECORATED.format(word), rest):
            opening, closing = command + "{", "}"
            rest = (match["inner"] + (match["tail"] or "")) if match["words"] is None else match["words"]
            break
    name = _NAME.match(rest)
    if name is None:
        raise ValueError(_what_is_allowed(text))
    letter = name["name"]
    if letter in GREEK:
        letter = "\\" + letter
    elif len(letter) != 1:
        raise ValueError(_what_is_allowed(text))
    scripts = ""
    position = name.end()
    seen: set[str] = set()
    while position < len(rest):
        script = _SCRIPT.match(rest, position)
        if script is None or script["kind"] in seen:
            raise ValueError(_what_is_allowed(text))
        seen.add(script["kind"])
        scripts += script["kind"] + "{" + (script["braced"] or script["single"]) + "}"
        position = script.end()
    return opening + letter + closing + scripts


def _what_is_allowed(text: str) -> str:
    shown = text if len(text) <= 30 else text[:27] + "..."
    return (
        f'"{shown}" is no symbol: a letter or the name of a Greek letter, with subscript, superscript, '
        "hat, tilde, bar or bold (h, delta, W_0, z^{(2)}, hat y)"
    )


def with_index(symbol: str, *indices: int | str) -> str:
    r"""LaTeX of one entry of a vector or matrix: `h` -> `h_{0}`, `W_{0}` -> `W_{0,12}` or `W_{0,ij}`.

    A symbol that carries a subscript already keeps it in front, after which the indices follow.
    """
    spelled = list(map(str, indices))
    digits = ("" if all(len(index) == 1 for index in spelled) else ",").join(spelled)
    match = re.search(r"_(?:\{(?P<braced>[^{}]*)\}|(?P<single>\w))", symbol)
    if match is None:
        return f"{symbol}_{{{digits}}}"
    inner = match["braced"] or match["single"]
    return symbol[: match.start()] + f"_{{{inner},{digits}}}" + symbol[match.end() :]


def identifier(latex: str) -> str:
    r"""A Python name for a symbol: `W_{0}` -> `W_0`, `z^{(1)}` -> `z1`, `\hat{y}` -> `y_hat`."""
    text = _DECORATED_LATEX.sub(lambda m: f"{m[2]}_{m[1]}" if m[1] != "mathbf" else m[2], latex)
    text = re.sub(r"\^\{\(?(\w+)\)?\}", r"\1", text)
    text = re.sub(r"\W+", "", text.replace(r"\,", ""))
    return text + "_" if keyword.iskeyword(text) or text in _TAKEN else text


def fill(template: str, spellings: Mapping[str, str]) -> str:
    r"""A formula of the tables with its placeholders spelled: `<a>` by a symbol, `<a>_k` by an entry of it.

    Args:
        template: LaTeX or code, such as `\frac{1}{1 + e^{-<z>}}`.
        spellings: Letter of a placeholder -> what stands for it; others stay as they are.
    """

    def spelled(match: re.Match[str]) -> str:
        symbol = spellings.get(match["letter"])
        if symbol is None:
            return match[0]
        return symbol if match["index"] is None else with_index(symbol, match["index"])

    return re.sub("<(?P<letter>[a-z])>(?:_(?P<index>[ijk]))?", spelled, template)
