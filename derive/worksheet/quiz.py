"""An exercise as a question of a quiz: the task, the matrices to fill in, and the worked solution."""

from derive.render.audience import for_reader
from derive.render.breaking import break_wide
from derive.render.document import Document, Heading
from derive.render.markdown import parse
from derive.render.page import Page
from derive.render.quiz import Question
from derive.worksheet import gaps
from derive.worksheet.sheet import Sheet
from derive.worksheet.story import Story

MEDIUM = "quiz"
# Neither the key's reader nor the handout's: who sees solutions, but nothing that is for the key alone.
LEARNER = "learner"


def question(sheet: Sheet, story: Story, page: Page) -> Question:
    """One exercise as a question.

    The story's first section, up to the second heading, says what is given and becomes the task; what comes
    after it is the worked solution.

    Args:
        sheet: The exercise.
        story: The story of it, in the page's language.
        page: Title, language, identifier and pictures.

    Raises:
        RenderError: The story isn't of the dialect.
    """
    document = parse(story.markdown)
    task, _ = _split(for_reader(document, "handout", MEDIUM, alone=page.alone))
    _, solution = _split(for_reader(document, LEARNER, MEDIUM, alone=page.alone))
    return Question(
        page=page,
        task=break_wide(task),
        grids=gaps.grids(sheet, page.language),
        solution=break_wide(solution),
    )


def _split(document: Document) -> tuple[Document, Document]:
    headings = [place for place, block in enumerate(document) if isinstance(block, Heading)]
    end = headings[1] if len(headings) > 1 else len(document)
    return document[:end], document[end:]
