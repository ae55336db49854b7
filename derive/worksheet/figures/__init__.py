"""Pictures: the network with its values, the errors of each source, the times of a bench.

Everything is given as plain text and numbers; what a network or an exercise is isn't known here. Every
picture is an SVG document with its text as paths, the same bytes each time, and has alternative text.
"""

from derive.worksheet.figures.bars import Bar, bars
from derive.worksheet.figures.bench_plot import Curve, bench
from derive.worksheet.figures.canvas import Drawing
from derive.worksheet.figures.error_plot import Errors, errors
from derive.worksheet.figures.histogram import Labels, histogram
from derive.worksheet.figures.model import Column, Edges, Part, Unit
from derive.worksheet.figures.networks import network

__all__ = [
    "Bar",
    "Column",
    "Curve",
    "Drawing",
    "Edges",
    "Errors",
    "Labels",
    "Part",
    "Unit",
    "bars",
    "bench",
    "errors",
    "histogram",
    "network",
]
