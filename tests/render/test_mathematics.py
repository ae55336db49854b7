"""LaTeX to MathML, Typst and words: nothing is lost on the way, and what is not known raises."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from derive.render import Page, RenderError, render
from derive.render.mathematics import spell
from derive.render.spoken import symbol_words, words
from derive.render.typst_mathematics import typst_display

MATRIX = r"\begin{pmatrix} L_0 & 0 & L_1 & 0 \\ 0 & L_0 & 0 & L_1 \end{pmatrix}"
FORMULAS = [
    r"h = I W_0",
    r"\frac{\partial \ell}{\partial \mathbf{s}}",
    MATRIX,
    rf"\underbrace{{{MATRIX}}}_{{2 \times 4}}",
    r"\begin{bmatrix} -\frac{y_0}{s_0} & 1.5 \end{bmatrix}",
    r"\begin{aligned} h &= I W_0 \\ &= \begin{pmatrix} 6 & -3 \end{pmatrix} \end{aligned}",
    r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    r"A \odot B \otimes C \circ D",
    r"\mathbb{1}[h > 0]",
    r"\operatorname{ReLU}(h) + \operatorname{softmax}(O)_i",
    r"W_1^\top \delta^{(2)}",
    r"\hat{y} + \tilde{x} - \bar{z} + \dot{q}",
    r"\hat{\mathbf{W}}^{(1)}_{0,1}",
    r"36 + \log\left(1 + e^{-36}\right)",
    r"\sum_{k=1}^{n} a_k \prod_j b_j",
    r"\max_k O_k \le \min_k O_k",
    r"\nabla_{W_0} \ell",
    r"\sqrt{2} + \sqrt[3]{x}",
    r"\lvert x \rvert + \|y\|",
    r"\sigma'(h) = \sigma(h)(1 - \sigma(h))",
    r"\bigl( x \bigr) \Bigl[ y \Bigr]",
    r"\left. \frac{\partial f}{\partial x} \right|_{x=0}",
    r"10^{-16} \approx 2.2 \cdot 10^{-16} \ne 0",
    r"x \in \mathbb{R}^{2 \times 4} \Rightarrow y \to \infty",
    r"\alpha \beta \gamma \delta \epsilon \varepsilon \eta \theta \lambda \mu \sigma \phi \varphi \omega",
    r"\Gamma \Delta \Theta \Lambda \Sigma \Phi \Omega",
    r"\frac{\mathrm{d} \ell}{\mathrm{d} h} \mathcal{L}",
    r"\boxed{x = 36}",
    r"\overbrace{a + b}^{c} + \overline{d}",
    r"\operatorname{diag}(1, 0) \quad a \, b \; c",
    r"\begin{pmatrix} 1 & \cdots & 2 \\ \vdots & \ddots & \vdots \\ 3 & \ldots & 4 \end{pmatrix}",
    r"\frac{\frac{a}{b}}{c + d} \dfrac{1}{2} \tfrac{1}{3}",
    r"\operatorname{erf}\left(\frac{x}{\sqrt{2}}\right)",
    r"\boldsymbol{\delta} + \mathbf{1} + \bm{x}",
    r"e^{O_i - \max_k O_k}",
    r"\text{두 값의 합} = 3",
    r"x_{0}^{2} \ge 0, \quad y < 1; \quad z := \{a, b\}",
    r"f : x \mapsto x / 2 \mid y",
    r"5\,\% \; \# !",
]
MARKS = "ˆ˜¯˙⏟⏞̲→^~"
INVISIBLE = "\u2061\u2062\u2063\ufe00"


def leaves(latex: str) -> list[str]:
    """The leaf texts of math-core's MathML, read without the walk under test."""
    root = ElementTree.fromstring(f"<math>{spell(latex, display=True).mathml}</math>")
    return ["".join(leaf.itertext()) for leaf in root.iter() if leaf.tag in ("mi", "mn", "mo", "mtext")]


def letters(text: str) -> Counter[str]:
    """The visible characters of a text, whatever their style and size."""
    same = {
        "−": "-",
        "⋅": "·",
        "∗": "*",
        "ϵ": "ε",
        "ϕ": "φ",
        "⋯": "···",
        "…": "...",
        "ℓ": "l",
        "ˉ": "¯",
        "′": "'",
    }
    plain = "".join(same.get(letter, letter) for letter in text)
    plain = "".join(same.get(letter, letter) for letter in unicodedata.normalize("NFKC", plain))
    return Counter(letter for letter in plain if letter.isprintable() and not letter.isspace())


def without_marks(text: str) -> str:
    return "".join(letter for letter in text if letter not in MARKS + INVISIBLE)


@pytest.mark.parametrize("latex", FORMULAS)
def test_every_symbol_is_in_the_typst_source(latex: str) -> None:
    source = typst_display(spell(latex, display=True).tree)
    for leaf in leaves(latex):
        for letter in without_marks(leaf):
            plain = unicodedata.normalize("NFKC", letter)
            is_there = letter in source or plain in source or (letter == "{" and "cases(" in source)
            assert is_there or letter in "·.", f"{letter} of {latex} is not in {source}"


@pytest.mark.parametrize("latex", FORMULAS)
def test_every_symbol_is_on_the_pdf_page(
    latex: str, page: Callable[..., Page], pdf_text: Callable[[bytes], str]
) -> None:
    pdf = render(f"$$ {latex} $$", page(title="T"), ["pdf"])["pdf"]
    text = pdf_text(pdf).replace("Answer key", "", 1).replace("T", "", 1)
    text = re.sub(r"two-layer\s+1 / 1", "", text)
    expected = letters(without_marks("".join(leaves(latex))))
    found = letters(text)
    missing = {
        letter: count - found[letter]
        for letter, count in expected.items()
        if found[letter] < count and letter not in "()[]{}|‖√·."
    }
    # Tall delimiters are put together from pieces that have no text of their own.
    assert not missing, f"{latex} lost {missing} on the page"


# Said by the structure that they mark: a derivative, a power, a matrix, a case, a shape; or paused at.
STRUCTURE = {"∂", "d", "∇", "{", "[", "(", "|", "]", ")", "}", "×", "∑", "∏", ",", ";"}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("latex", FORMULAS)
def test_every_symbol_is_spoken(latex: str, language: str) -> None:
    spoken = words(spell(latex, display=True).tree, language)
    powers = {"2": {"squared", "제곱"}, "3": {"cubed", "세제곱"}}
    for leaf in leaves(latex):
        text = without_marks(leaf).replace("\u00a0", " ").strip()
        if not text or text in STRUCTURE or set(text) <= set("·."):
            continue
        needed = set(re.findall(r"[\w.]+", text if " " in text else symbol_words(text, language)))
        # Korean particles follow a word without a space.
        ways = [needed, *({power} for power in powers.get(text, ()))]
        is_said = any(all(re.search(rf"\b{re.escape(word)}", spoken) for word in way) for way in ways)
        assert is_said, f"{leaf!r} is not said in {spoken!r}"


@pytest.mark.parametrize(
    ("latex", "english", "korean"),
    [
        (
            r"\nabla_{W_0} l = 0",
            "gradient of l with respect to W 0 equals 0",
            "l의 W 0에 대한 기울기 이퀄 0",
        ),
        (
            r"\frac{\partial l}{\partial W_1} = L^\top \delta",
            "partial derivative of l with respect to W 1 equals L transpose delta",
            "l의 W 1에 대한 편미분 이퀄 L 전치 델타",
        ),
        (
            r"\begin{pmatrix} 1 & -2 \\ 2 & 5 \end{pmatrix}",
            "2 by 2 matrix, row 1: 1, minus 2; row 2: 2, 5; end of matrix",
            "2행 2열 행렬, 1행: 1, 마이너스 2; 2행: 2, 5; 행렬 끝",
        ),
        (r"\frac{1}{2}", "1 over 2", "2분의 1"),
        (r"x^2 + y^3", "x squared plus y cubed", "x 제곱 더하기 y 세제곱"),
        (r"\hat{y}", "y hat", "y 햇"),
        (
            r"\begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}",
            "2 cases, case 1: x, x is greater than 0; case 2: 0, else; end of cases",
            "2가지 경우, 경우 1: x, x, 0보다 큼; 경우 2: 0, else; 경우 끝",
        ),
        (
            r"\begin{aligned} a &= b \\ &= c \end{aligned}",
            "line 1: a equals b; line 2: equals c",
            "1번째 줄: a 이퀄 b; 2번째 줄: 이퀄 c",
        ),
        (r"s = \operatorname{softmax}(O)", "s equals softmax of O", "s 이퀄 O의 소프트맥스"),
        (
            r"\max(0, z) \ge \log s_k",
            "max of open parenthesis 0, z close parenthesis is at least log of s k",
            "최댓값 괄호 열고 0, z 괄호 닫고, 로그 s k보다 크거나 같음",
        ),
        (
            r"l = -\sum_k y_k \log s_k",
            "l equals minus sum over k of y k log of s k",
            "l 이퀄 마이너스 k에 대한 합 y k 로그 s k",
        ),
        (r"\sum_{k=1}^{n} a_k", "sum from k equals 1 to n of a k", "k 이퀄 1부터 n까지의 합 a k"),
        (
            r"h_0 = 12 > 0,\quad h_1 = -8 < 0",
            "h 0 equals 12 is greater than 0; h 1 equals minus 8 is less than 0",
            "h 0 이퀄 12, 0보다 큼; h 1 이퀄 마이너스 8, 0보다 작음",
        ),
        (r"W_0^{\mathrm{new}} \approx 2", "W 0 new is approximately 2", "W 0 new 대략 2"),
        (r"z^{(1)}_{ij}", "z i j superscript 1", "z i j 위첨자 1"),
        (
            r"\partial l/\partial W_{1,01}",
            "partial derivative of l with respect to W sub 1 comma 01",
            "l의 W 아래첨자 1 쉼표 01에 대한 편미분",
        ),
        (r"2.3 \times 10^{-16}", "2.3 times 10 to the power of minus 16", "2.3 곱하기 10의 마이너스 16제곱"),
        (
            r"e^{-1/2}",
            "e to the power of minus 1 over 2 end of power",
            "e의 지수 마이너스 2분의 1 지수 끝",
        ),
        (r"36.00000\,00000\,23", "36.000000000023", "36.000000000023"),
        (
            r"\underbrace{\frac{\partial l}{\partial s}}_{1 \times 2} \underbrace{(1\ 2)}_{\text{given}}",
            "partial derivative of l with respect to s, 1 by 2, open parenthesis 1 2 close parenthesis, "
            "marked given",
            "l의 s에 대한 편미분, 1행 2열, 괄호 열고 1 2 괄호 닫고, 설명 given",
        ),
        (
            r"\underbrace{\begin{pmatrix} 4 & \cdot \end{pmatrix}}_{1 \times 2} \qquad y",
            "1 by 2 matrix, row 1: 4, left out; end of matrix; y",
            "1행 2열 행렬, 1행: 4, 생략; 행렬 끝; y",
        ),
    ],
)
def test_words(latex: str, english: str, korean: str) -> None:
    tree = spell(latex, display=True).tree
    assert words(tree, "en") == english
    assert words(tree, "ko") == korean


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\input{/etc/passwd}", "Unknown command"),
        (r"\unknowncommand", "Unknown command"),
        (r"\def\x{1} \x", "not allowed"),
        (r"\newcommand{\x}{1} \x", "not allowed"),
        (r"\begin{pmatrix} 1", "In the formula"),
        (r"a % comment", "not allowed"),
        (r"^^41", "not allowed"),
        (r"\binom{a}{b}", "binomials"),
        (r"\color{red} x", "colours"),
        (r"\begin{array}{c|c} 1 & 2 \end{array}", "rules inside"),
        (r"\frac{1", "In the formula"),
        ("x ☃", "no word for the symbol"),
    ],
)
def test_what_is_not_known_raises(latex: str, message: str, page: Callable[..., Page]) -> None:
    with pytest.raises(RenderError, match=message):
        render(f"$$ {latex} $$", page(), ["pdf"])


@pytest.mark.parametrize("name", ["html", "tex", "pdf", "ipynb", "md"])
def test_every_format_refuses_an_unknown_command(name: str, page: Callable[..., Page]) -> None:
    for story in (r"$\input{x}$", r"$$ \input{x} $$"):
        with pytest.raises(RenderError, match="Unknown command"):
            render(story, page(), [name])


def test_flat_delimiters_do_not_stretch() -> None:
    assert 'stretchy="false"' in spell(r"\begin{pmatrix} 6 & 0 \end{pmatrix}", display=True).mathml
    assert "stretchy" not in spell(r"\begin{pmatrix} 6 \\ 0 \end{pmatrix}", display=True).mathml


def test_wider_formulas_are_estimated_wider() -> None:
    widths = [
        spell(r"\begin{pmatrix}" + " & ".join(["-s_0 s_1"] * n) + r"\end{pmatrix}", display=True).width
        for n in (1, 2, 4, 8)
    ]
    assert all(narrow < wide for narrow, wide in pairwise(widths))
