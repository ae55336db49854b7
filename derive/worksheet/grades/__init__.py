"""What is told after grading: a page for each student, and a report about the class."""

from derive.worksheet.grades.class_report import class_report
from derive.worksheet.grades.feedback import feedback

__all__ = ["class_report", "feedback"]
