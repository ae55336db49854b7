"""Worked back-propagation exercises: derived symbolically, exact, verified by independent computation."""

import os

# python-flint, once installed, becomes SymPy's ground types, and `cancel` on numeric exponentials
# then crashes the process. This must be set before anything can import SymPy.
os.environ["SYMPY_GROUND_TYPES"] = "python"

__version__ = "1.0.0"
