"""The few words that the renderers themselves print, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """The words of one language."""

    fields: tuple[str, ...]
    points: str
    point: str
    solution: str
    write_code: str
    no_code_yet: str
    write_words: str
    audience: dict[str, str]
    empty_matrix: str
    gap: str
    room: str
    formula: str
    table: str
    code: str
    output: str

    def badge(self, count: str) -> str:
        """The words of a points badge."""
        return (self.point if count.strip() == "1" else self.points).format(count.strip())


WORDINGS = {
    "en": Wording(
        fields=("Name", "Student number", "Section", "Date"),
        points="({} points)",
        point="({} point)",
        solution="Solution",
        write_code="write your code here",
        no_code_yet="this cell still waits for your code",
        write_words="Write your answer here.",
        audience={"key": "Answer key", "handout": "Handout", "feedback": "Feedback", "grades": "Grades"},
        empty_matrix="empty {} by {} matrix to fill in",
        gap="blank to fill in",
        room="room to write",
        formula="Formula",
        table="Table",
        code="Code",
        output="Output",
    ),
    "ko": Wording(
        fields=("이름", "학번", "분반", "날짜"),
        points="({}점)",
        point="({}점)",
        solution="풀이",
        write_code="여기에 코드를 쓰시오",
        no_code_yet="아직 코드를 쓰지 않은 셀입니다",
        write_words="여기에 답을 쓰시오.",
        audience={"key": "정답 및 풀이", "handout": "문제지", "feedback": "채점 결과", "grades": "성적"},
        empty_matrix="채워 넣을 {}행 {}열 빈 행렬",
        gap="채워 넣을 빈칸",
        room="답을 쓸 자리",
        formula="수식",
        table="표",
        code="코드",
        output="출력",
    ),
}
