"""The drawing of the house: its floors and rooms, and an arrow for the imports from one room to another.

Rooms, floors and imports are read from the source by the same code that holds them in a test.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from sphinx.application import Sphinx

from derive.worksheet.figures.canvas import save
from tests.floors import FLOORS, MODULES, imports, inside

Arrows = Mapping[tuple[str, str], int]
# The two sources that nothing may be shared with are rooms of their own inside the engine.
SEPARATE = ("derive.engine.jacobians", "derive.engine.autograd")
ROOMS = (*SEPARATE, *(name for rooms in FLOORS for name in rooms if name != "derive.__main__"))
WIDTH, HEIGHT, WIDE, HIGH = 10.0, 1.35, 1.95, 0.62
COLUMNS = (1.3, 4.0, 6.7, 8.9)
INK, LINE, FAINT, GROUND, ROOM = "#1b2733", "#2b5c8a", "#c3ccd6", "#f3f6f9", "#ffffff"


def setup(app: Sphinx) -> dict[str, Any]:
    """Draw before the pages are read."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "build" / "floors.svg"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(path: Path) -> None:
    """Draw the house as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_draw(arrows()), "utf-8")


def room(module: str) -> str | None:
    """The room that a module stands in; the engine's sources come first."""
    return next((name for name in ROOMS if inside(module, name)), None)


def arrows() -> Arrows:
    """How many imports lead from each room to each other one."""
    found: Counter[tuple[str, str]] = Counter()
    for module in MODULES:
        for other in imports(module):
            ends = room(module), room(other)
            if other in MODULES and None not in ends and ends[0] != ends[1]:
                found[ends] += 1
    return found


def direct(found: Arrows) -> set[tuple[str, str]]:
    """The arrows that no longer way by other arrows stands for."""
    return {(start, end) for start, end in found if not _longer(found, start, end)}


def _longer(found: Arrows, start: str, end: str) -> bool:
    waiting = [other for first, other in found if first == start and other != end]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            waiting += [other for first, other in found if first == name]
    return False


def _floors() -> list[list[str]]:
    floors = [[name for name in rooms if name in ROOMS] for rooms in FLOORS]
    engine = next(rooms for rooms in floors if "derive.engine" in rooms)
    engine[:] = [SEPARATE[0], "derive.engine", SEPARATE[1]]
    return floors


def _places() -> dict[str, tuple[float, float]]:
    """The middle of each room; the first floor is at the top."""
    places = {}
    for level, rooms in enumerate(_floors()):
        # The last room of a full floor stands aside, so that long arrows pass by the engine.
        columns = {1: COLUMNS[1:2], 3: COLUMNS[:3] if SEPARATE[0] in rooms else (*COLUMNS[:2], COLUMNS[3])}
        places |= {name: (x, -HEIGHT * level) for name, x in zip(rooms, columns[len(rooms)], strict=True)}
    return places


def _draw(found: Arrows) -> str:
    places, floors = _places(), _floors()
    figure = Figure(figsize=(8.4, 7.4), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-0.75, WIDTH + 0.15)
    axes.set_ylim(-HEIGHT * (len(floors) - 1) - 0.6, 0.6)
    for level in range(len(floors)):
        low = -HEIGHT * level - HIGH / 2 - 0.14
        axes.add_patch(_box(0, low, WIDTH, HIGH + 0.28, GROUND, "none", 0))
        axes.text(-0.4, -HEIGHT * level, str(level + 1), color=LINE, size=13, ha="center", va="center")
    kept = direct(found)
    for start, end in sorted(found, key=lambda ends: (ends in kept, ends)):
        axes.add_patch(_arrow(places[start], places[end], (start, end) in kept))
    for name, (x, y) in places.items():
        axes.add_patch(_box(x - WIDE / 2, y - HIGH / 2, WIDE, HIGH, ROOM, LINE, 3))
        axes.text(x, y + 0.09, _called(name), color=INK, size=10.5, ha="center", va="center", zorder=4)
        axes.text(x, y - 0.15, _size(name), color="#5b6470", size=7.5, ha="center", va="center", zorder=4)
    return save(figure)


def _box(x: float, y: float, wide: float, high: float, fill: str, line: str, order: int) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.08"
    return FancyBboxPatch(
        (x, y), wide, high, boxstyle=style, facecolor=fill, edgecolor=line, linewidth=1, zorder=order
    )


def _arrow(start: tuple[float, float], end: tuple[float, float], kept: bool) -> FancyArrowPatch:
    """From the edge of one room to the edge of another; rooms of one floor are beside each other."""
    if start[1] == end[1]:
        side = WIDE / 2 if end[0] > start[0] else -WIDE / 2
        ends = (start[0] + side, start[1]), (end[0] - side, end[1])
        bend = 0.0 if kept else 0.2
    else:
        slant = max(-0.7, min(0.7, (end[0] - start[0]) * 0.2))
        ends = (start[0] + slant, start[1] + HIGH / 2), (end[0] - slant, end[1] - HIGH / 2)
        bend = 0.0 if kept else 0.12
    return FancyArrowPatch(
        *ends, arrowstyle="-|>", mutation_scale=9 if kept else 6, shrinkA=0, shrinkB=1,
        connectionstyle=f"arc3,rad={bend}", color=LINE if kept else FAINT,
        linewidth=1.3 if kept else 0.7, zorder=2 if kept else 1,
    )  # fmt: skip


def _called(name: str) -> str:
    short = name.removeprefix("derive.").replace(".", "/")
    return f"{short}.py" if MODULES[name].name != "__init__.py" else f"{short}/"


def _size(name: str) -> str:
    paths = [path for module, path in MODULES.items() if room(module) == name]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in paths)
    modules = f"{len(paths)} modules, " if len(paths) > 1 else ""
    return f"{modules}{lines:,} lines"
