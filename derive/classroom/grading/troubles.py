"""What a student handed in that could not be read, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from derive.exercise.literals import shortened

_LONGEST = 60
_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "too_long": '{where}: "{found}" is too long for a number',
        "not_finite": '{where}: "{found}" is not a finite number',
        "out_of_range": '{where}: "{found}" is too large or too small',
        "formula": '{where}: "{found}" is a formula, not a number',
        "not_a_number": '{where}: "{found}" is not a number',
        "shape": "{where}: it has the shape {found}; {wanted} is needed",
        "not_nested": '{where}: "{found}" is no vector or matrix',
        "unknown_quantity": '"{found}" is no quantity of this exercise',
        "unknown_entry": "{where}: there is no entry {found}",
        "twice": "{where}: handed in more than once; the last counts",
        "other_form": "form {found} belongs to another student; the student's own form {wanted} counts",
        "unknown_student": "nobody in the set is called that",
        "unreadable_line": "line {found} of the file can't be read as a row of the table",
        "not_an_answer": "what stands there is no set of answers",
        "other_answers": "the answers are those of form {found}",
        "notebook": "the notebook can't be read: {found}",
        "no_notebook": "there is no notebook in the folder",
        "several_notebooks": "there are several notebooks; {found} counts",
        "cell_failed": "cell {where} of the notebook fails: {found}",
        "time": "the notebook was stopped after {found} s",
        "memory": "the notebook needed more than {found} MB",
        "killed": "the notebook was stopped: {found}",
        "refused": "the notebook tried what isn't allowed: {found}",
        "missing_variable": "the notebook has no variable {found}",
    },
    "ko": {
        "too_long": '{where}: "{found}" — 수라기에는 너무 깁니다',
        "not_finite": '{where}: "{found}" — 유한한 수가 아닙니다',
        "out_of_range": '{where}: "{found}" — 너무 크거나 작은 수입니다',
        "formula": '{where}: "{found}" — 수가 아니라 수식입니다',
        "not_a_number": '{where}: "{found}" — 수가 아닙니다',
        "shape": "{where}: 모양이 {found}입니다. {wanted} 모양이어야 합니다",
        "not_nested": '{where}: "{found}" — 벡터나 행렬이 아닙니다',
        "unknown_quantity": '"{found}" — 이 문제에 없는 값입니다',
        "unknown_entry": "{where}: {found} 성분은 없습니다",
        "twice": "{where}: 두 번 이상 제출하여 마지막 답을 채점했습니다",
        "other_form": "양식 번호 {found} — 다른 학생의 것입니다. 본인의 양식 {wanted} 기준으로 채점했습니다",
        "unknown_student": "명단에 없는 학생입니다",
        "unreadable_line": "파일의 {found}번째 줄을 표의 한 행으로 읽을 수 없습니다",
        "not_an_answer": "답안의 형식이 아닙니다",
        "other_answers": "양식 {found}의 답과 같습니다",
        "notebook": "노트북을 읽을 수 없습니다: {found}",
        "no_notebook": "폴더에 노트북이 없습니다",
        "several_notebooks": "노트북이 여러 개여서 {found} 파일을 채점했습니다",
        "cell_failed": "노트북의 셀 {where} 실행 중 오류: {found}",
        "time": "{found}초가 지나 노트북을 중단했습니다",
        "memory": "노트북이 메모리를 {found} MB 넘게 썼습니다",
        "killed": "노트북이 중단되었습니다: {found}",
        "refused": "노트북이 허용되지 않은 일을 시도했습니다: {found}",
        "missing_variable": "노트북에 변수 {found} 값이 없습니다",
    },
}


@dataclass(frozen=True)
class Trouble:
    """One thing that could not be read, or that the instructor should know.

    Attributes:
        kind: A key of the sentences above.
        where: The quantity or entry, as the student calls it; may be empty.
        found: What stands there.
        wanted: What should.
    """

    kind: str
    where: str = ""
    found: str = ""
    wanted: str = ""

    def __post_init__(self) -> None:
        """Keep no more of what a student wrote than can be shown."""
        for name in ("where", "found", "wanted"):
            object.__setattr__(self, name, shortened(getattr(self, name), _LONGEST))

    def said(self, language: str) -> str:
        """The sentence in a language."""
        return _SENTENCES[language][self.kind].format(where=self.where, found=self.found, wanted=self.wanted)
