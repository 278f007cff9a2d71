"""Every figure at once. NumPy: not for the controller's or the gate's process."""

from controller.core.risk.book import book_risk
from controller.core.risk.performance import performance
from controller.core.risk.question import Question
from schemas.risk import Analysis


def answer(question: Question) -> Analysis:
    """Risk of the book and performance of each scope, without levels and without a time."""
    return Analysis(
        book=book_risk(question.held, question.closes, question.benchmark),
        performance={scope: performance(record, question.calendar) for scope, record in question.records.items()},
    )
