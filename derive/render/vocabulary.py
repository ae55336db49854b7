"""The words for symbols and structures of mathematics, in both languages."""

# ruff: noqa: RUF001  (the symbols themselves, which look like letters)

from collections.abc import Mapping
from dataclasses import dataclass

_GREEK = {
    "α": ("alpha", "알파"),
    "β": ("beta", "베타"),
    "γ": ("gamma", "감마"),
    "δ": ("delta", "델타"),
    "ε": ("epsilon", "엡실론"),
    "ϵ": ("epsilon", "엡실론"),
    "ζ": ("zeta", "제타"),
    "η": ("eta", "에타"),
    "θ": ("theta", "세타"),
    "ϑ": ("theta", "세타"),
    "ι": ("iota", "이오타"),
    "κ": ("kappa", "카파"),
    "λ": ("lambda", "람다"),
    "μ": ("mu", "뮤"),
    "ν": ("nu", "뉴"),
    "ξ": ("xi", "크시"),
    "π": ("pi", "파이"),
    "ρ": ("rho", "로"),
    "σ": ("sigma", "시그마"),
    "τ": ("tau", "타우"),
    "υ": ("upsilon", "입실론"),
    "φ": ("phi", "피"),
    "ϕ": ("phi", "피"),
    "χ": ("chi", "카이"),
    "ψ": ("psi", "프시"),
    "ω": ("omega", "오메가"),
    "Γ": ("capital gamma", "대문자 감마"),
    "Δ": ("capital delta", "대문자 델타"),
    "Θ": ("capital theta", "대문자 세타"),
    "Λ": ("capital lambda", "대문자 람다"),
    "Ξ": ("capital xi", "대문자 크시"),
    "Π": ("capital pi", "대문자 파이"),
    "Σ": ("capital sigma", "대문자 시그마"),
    "Υ": ("capital upsilon", "대문자 입실론"),
    "Φ": ("capital phi", "대문자 피"),
    "Ψ": ("capital psi", "대문자 프시"),
    "Ω": ("capital omega", "대문자 오메가"),
}

_SYMBOLS = {
    "=": ("equals", "이퀄"),
    "≠": ("is not equal to", "같지 않음"),
    "≈": ("is approximately", "대략"),
    "≡": ("is identical to", "항등"),
    "<": ("is less than", "작음"),
    ">": ("is greater than", "큼"),
    "≤": ("is at most", "작거나 같음"),
    "≥": ("is at least", "크거나 같음"),
    "∈": ("is in", "원소"),
    "∼": ("is distributed as", "분포"),
    "→": ("becomes", "화살표"),
    "⇒": ("implies", "따라서"),
    "↦": ("maps to", "대응"),
    "∣": ("given", "조건"),
    "+": ("plus", "더하기"),
    "−": ("minus", "마이너스"),
    "-": ("minus", "마이너스"),
    "±": ("plus or minus", "플러스 마이너스"),
    "×": ("times", "곱하기"),
    "⋅": ("times", "곱하기"),
    "·": ("times", "곱하기"),
    "∗": ("star", "별표"),
    "*": ("star", "별표"),
    "/": ("divided by", "나누기"),
    "⊙": ("Hadamard product", "아다마르 곱"),
    "⊗": ("Kronecker product", "크로네커 곱"),
    "∘": ("composed with", "합성"),
    "∂": ("partial", "라운드"),
    "∇": ("gradient", "기울기"),
    "∑": ("sum", "합"),
    "∏": ("product", "곱"),
    "∫": ("integral", "적분"),
    "∞": ("infinity", "무한대"),
    "⊤": ("transpose", "전치"),
    "′": ("prime", "프라임"),
    "″": ("double prime", "더블 프라임"),
    "ℓ": ("l", "엘"),
    "𝟙": ("indicator", "지시함수"),
    "ℝ": ("the real numbers", "실수 집합"),
    "ℕ": ("the natural numbers", "자연수 집합"),
    "ℤ": ("the integers", "정수 집합"),
    ",": ("comma", "쉼표"),
    ";": ("semicolon", "세미콜론"),
    ":": ("colon", "콜론"),
    ".": ("point", "점"),
    "!": ("factorial", "팩토리얼"),
    "?": ("question mark", "물음표"),
    "%": ("percent", "퍼센트"),
    "#": ("number sign", "번호 기호"),
    "…": ("and so on", "등등"),
    "⋯": ("and so on", "등등"),
    "⋮": ("and so on downwards", "아래로 계속"),
    "⋱": ("and so on diagonally", "대각선으로 계속"),
    "(": ("open parenthesis", "괄호 열고"),
    ")": ("close parenthesis", "괄호 닫고"),
    "[": ("open bracket", "대괄호 열고"),
    "]": ("close bracket", "대괄호 닫고"),
    "{": ("open brace", "중괄호 열고"),
    "}": ("close brace", "중괄호 닫고"),
    "|": ("bar", "세로줄"),
    "‖": ("norm bar", "노름 기호"),
    "⌊": ("open floor", "내림 열고"),
    "⌋": ("close floor", "내림 닫고"),
    "⌈": ("open ceiling", "올림 열고"),
    "⌉": ("close ceiling", "올림 닫고"),
    "⟨": ("open angle", "꺾쇠 열고"),
    "⟩": ("close angle", "꺾쇠 닫고"),
    "\u2061": ("of", ""),
    "\u2062": ("", ""),
    "\u2063": ("", ""),
    " ": ("", ""),
    "\u00a0": ("", ""),
    "¬": ("not", "부정"),
    "∧": ("and", "그리고"),
    "∨": ("or", "또는"),
    "∀": ("for all", "모든"),
    "∅": ("empty set", "공집합"),
    "∃": ("there is", "존재"),
    "∪": ("union", "합집합"),
    "∩": ("intersection", "교집합"),
    "∝": ("is proportional to", "비례"),
    "≪": ("is much less than", "훨씬 작음"),
    "≫": ("is much greater than", "훨씬 큼"),
    "°": ("degrees", "도"),
}

# What follows a relation may have to be said before it.
_RELATIONS_EN = {symbol: f"{_SYMBOLS[symbol][0]} {{0}}" for symbol in "=≠≈≡<>≤≥≪≫"}
_RELATIONS_KO = {
    "=": "이퀄 {0}", "≈": "대략 {0}", "≡": "항등 {0}", "≠": ", {0}과 같지 않음", "<": ", {0}보다 작음",
    ">": ", {0}보다 큼", "≤": ", {0}보다 작거나 같음", "≥": ", {0}보다 크거나 같음",
    "≪": ", {0}보다 훨씬 작음", "≫": ", {0}보다 훨씬 큼",
}  # fmt: skip
_NAMES_KO = {
    "exp": "지수함수", "log": "로그", "max": "최댓값", "min": "최솟값", "softmax": "소프트맥스",
    "sigmoid": "시그모이드", "tanh": "하이퍼볼릭 탄젠트", "diag": "대각행렬", "nan": "수가 아님",
}  # fmt: skip
_NAMES_EN = {
    "exp": "exponential", "tanh": "hyperbolic tangent", "diag": "diagonal matrix", "nan": "not a number",
}  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language; braces are where the parts go.

    `power` and the like have their base first; `derivative` has the quantity first, then the variable;
    `application` has the function first; `relations` have what follows them.
    """

    symbols: Mapping[str, str]
    names: Mapping[str, str]
    relations: Mapping[str, str]
    styles: Mapping[str, str]
    derivative: str
    total_derivative: str
    operator_derivative: str
    gradient: str
    simple_fraction: str
    fraction: str
    application: str
    index: str
    below: str
    above: str
    power: str
    simple_power: str
    square: str
    cube: str
    sums: Mapping[str, tuple[str, str]]
    brace: str
    shape: str
    accents: Mapping[str, str]
    root: str
    nth_root: str
    matrix: str
    row: str
    left_out: str
    matrix_end: str
    cases: str
    case: str
    cases_end: str
    line: str
    framed: str


_STYLES_EN = {"BOLD": "bold", "DOUBLE-STRUCK": "double-struck", "SCRIPT": "script", "FRAKTUR": "fraktur"}
_STYLES_KO = {"BOLD": "굵은", "DOUBLE-STRUCK": "겹글자", "SCRIPT": "필기체", "FRAKTUR": "프락투어"}

VOCABULARIES = {
    "en": Vocabulary(
        symbols={symbol: words[0] for symbol, words in (_GREEK | _SYMBOLS).items()},
        names=_NAMES_EN,
        relations=_RELATIONS_EN,
        styles=_STYLES_EN,
        derivative="partial derivative of {0} with respect to {1}",
        total_derivative="derivative of {0} with respect to {1}",
        operator_derivative="derivative with respect to {0} of",
        gradient="gradient of {0} with respect to {1}",
        simple_fraction="{0} over {1}",
        fraction="fraction {0} over {1} end of fraction",
        application="{0} of {1}",
        index="{0} sub {1}",
        below="{0} sub {1} end of subscript",
        above="{0} superscript {1}",
        power="{0} to the power of {1} end of power",
        simple_power="{0} to the power of {1}",
        square="{0} squared",
        cube="{0} cubed",
        sums={
            "∑": ("sum over {0} of", "sum from {0} to {1} of"),
            "∏": ("product over {0} of", "product from {0} to {1} of"),
        },
        brace="{0}, marked {1},",
        shape="{0} by {1}",
        accents={
            "hat": "hat",
            "tilde": "tilde",
            "bar": "bar",
            "overline": "overlined",
            "underline": "underlined",
            "dot": "dot",
            "vector": "vector",
        },
        root="square root of {0} end of root",
        nth_root="root of order {1} of {0} end of root",
        matrix="{rows} by {columns} matrix,",
        row="row {number}: {cells};",
        left_out="left out",
        matrix_end="end of matrix",
        cases="{count} cases,",
        case="case {number}: {cells};",
        cases_end="end of cases",
        line="line {number}: {cells};",
        framed="boxed {0} end of box",
    ),
    "ko": Vocabulary(
        symbols={symbol: words[1] for symbol, words in (_GREEK | _SYMBOLS).items()},
        names=_NAMES_KO,
        relations=_RELATIONS_KO,
        styles=_STYLES_KO,
        derivative="{0}의 {1}에 대한 편미분",
        total_derivative="{0}의 {1}에 대한 미분",
        operator_derivative="다음을 {0}에 대해 미분:",
        gradient="{0}의 {1}에 대한 기울기",
        simple_fraction="{1}분의 {0}",
        fraction="분수, 분모 {1}, 분자 {0}, 분수 끝",
        application="{1}의 {0}",
        index="{0} 아래첨자 {1}",
        below="{0} 아래첨자 {1} 아래첨자 끝",
        above="{0} 위첨자 {1}",
        power="{0}의 지수 {1} 지수 끝",
        simple_power="{0}의 {1}제곱",
        square="{0} 제곱",
        cube="{0} 세제곱",
        sums={
            "∑": ("{0}에 대한 합", "{0}부터 {1}까지의 합"),
            "∏": ("{0}에 대한 곱", "{0}부터 {1}까지의 곱"),
        },
        brace="{0}, 설명 {1},",
        shape="{0}행 {1}열",
        accents={
            "hat": "햇",
            "tilde": "틸데",
            "bar": "바",
            "overline": "윗줄",
            "underline": "밑줄",
            "dot": "점",
            "vector": "벡터",
        },
        root="제곱근 {0} 근호 끝",
        nth_root="{1}제곱근 {0} 근호 끝",
        matrix="{rows}행 {columns}열 행렬,",
        row="{number}행: {cells};",
        left_out="생략",
        matrix_end="행렬 끝",
        cases="{count}가지 경우,",
        case="경우 {number}: {cells};",
        cases_end="경우 끝",
        line="{number}번째 줄: {cells};",
        framed="상자 {0} 상자 끝",
    ),
}
