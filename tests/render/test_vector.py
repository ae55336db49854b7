"""Pictures: harmless SVG, and the same drawing in pgf."""

import re

import pytest

from derive.render import Picture, RenderError
from derive.render.pgf import picture_as_pgf
from derive.render.vector import checked_svg, inline_svg

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 20">'
)


def picture(inner: str) -> Picture:
    return Picture(f"{HEAD}{inner}</svg>", "words")


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<path d="M 0 0" onclick="alert(1)"/>',
        '<image href="http://example.org/x.png"/>',
        '<use xlink:href="http://example.org/x.svg#a"/>',
        '<path d="M 0 0" style="fill: url(http://example.org)"/>',
        "<foreignObject/>",
        "<text>words</text>",
        "<style>path { fill: red }</style>",
        '<style>@import "x";</style>',
        "<g>",
    ],
)
def test_refuses_what_could_run_or_fetch_or_reach_out(inner: str) -> None:
    with pytest.raises(RenderError, match="picture"):
        checked_svg(picture(inner))


def test_refuses_entities() -> None:
    with pytest.raises(RenderError, match="entities"):
        checked_svg(Picture('<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + "</svg>", "words"))


def test_inherited_style_moves_to_the_root() -> None:
    svg = inline_svg(picture("<style>*{stroke-linejoin: round}</style>"), "p1-")
    assert 'style="stroke-linejoin: round"' in svg
    assert "<style" not in svg


def test_ids_and_what_names_them_are_prefixed() -> None:
    svg = inline_svg(picture('<g id="a" clip-path="url(#b)"><use xlink:href="#a"/></g>'), "p7-")
    assert 'id="p7-a"' in svg
    assert "url(#p7-b)" in svg
    assert 'xlink:href="#p7-a"' in svg


def points(pgf: str) -> list[tuple[float, float]]:
    pieces = re.findall(r"\\p(?:move|line|arch|curve)((?:\{-?[\d.]+\})+)", pgf)
    numbers = [float(number) for piece in pieces for number in re.findall(r"[-\d.]+", piece)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_pgf_turns_the_picture_upright() -> None:
    drawn = picture_as_pgf(
        picture('<path d="M 1 2 L 3 4 z" style="fill: none; stroke: #ff0000; stroke-width: 2"/>')
    )
    assert points(drawn) == [(1, 18), (3, 16)]
    assert r"\definecolor{c}{RGB}{255,0,0}\pgfsetstrokecolor{c}\pgfsetlinewidth{2bp}" in drawn
    assert drawn.count(r"\pgfpathclose\pgfusepath{stroke}") == 1


def test_pgf_follows_transforms_and_uses() -> None:
    drawn = picture_as_pgf(
        picture(
            '<defs><path id="g" d="M 0 0 L 10 0" transform="scale(0.5)"/></defs>'
            '<g transform="translate(1 2) scale(2 -2)"><use xlink:href="#g" x="1"/></g>'
        )
    )
    assert points(drawn) == [(3, 18), (13, 18)]


def test_pgf_draws_curves() -> None:
    drawn = picture_as_pgf(picture('<path d="M 0 20 Q 3 14 6 20 C 1,1 2,1e0 3,20"/>'))
    assert points(drawn) == [(0, 0), (3, 6), (6, 0), (1, 19), (2, 19), (3, 0)]
    assert re.findall(r"\\p(move|arch|curve)\{", drawn) == ["move", "arch", "curve"]


def test_pgf_takes_further_points_as_lines_or_the_same_again() -> None:
    drawn = picture_as_pgf(picture('<path d="M0 0 1 1L2 2 3 3Q1 1 2 2 3 3 4 4"/>'))
    assert re.findall(r"\\p(move|line|arch)\{", drawn) == ["move", "line", "line", "line", "arch", "arch"]


def test_pgf_clips_and_dashes() -> None:
    drawn = picture_as_pgf(
        picture(
            '<clipPath id="c"><rect x="1" y="1" width="2" height="3"/></clipPath>'
            '<path d="M 0 0 L 1 1" clip-path="url(#c)" '
            'style="fill:none;stroke:#000;stroke-dasharray:4,2;opacity:0.5"/>'
        )
    )
    assert points(drawn)[:4] == [(1, 19), (3, 19), (3, 16), (1, 16)]
    assert r"\pgfusepath{clip}" in drawn
    assert r"\pgfsetdash{{4bp}{2bp}}{0bp}" in drawn
    assert r"\pgfsetstrokeopacity{0.5}" in drawn


@pytest.mark.parametrize(
    "inner",
    [
        '<path d="m 0 0 l 1 1"/>',
        '<path d="M 0 0 H 1"/>',
        '<path d="M 0 0 L 1"/>',
        '<path d="M 0 0 L"/>',
        '<path d="M 0 0 A 1 1 0 0 0 1 1"/>',
        '<circle r="1"/>',
        '<path d="M 0 0 L 1 1" style="fill: url(#gradient)"/>',
        '<g transform="skewX(3)"><path d="M 0 0 L 1 1"/></g>',
        '<use xlink:href="#nowhere"/>',
    ],
)
def test_pgf_refuses_what_it_would_draw_wrongly(inner: str) -> None:
    with pytest.raises(RenderError):
        picture_as_pgf(picture(inner))


PATHS = (
    '<svg width="10pt" height="20pt" viewBox="0 0 10 20" xmlns="http://www.w3.org/2000/svg" version="1.1"'
    ' style="stroke-linecap: round">\n'
    '<g id="weight-0-0-1"><path d="M 1 2 L 3.5 -4 z" style="fill: #1a1a1a"/></g>\n</svg>\n'
)


def test_a_document_of_paths_alone_is_taken_as_it_is() -> None:
    assert checked_svg(Picture(PATHS, "words")) == PATHS
    changes = (("<g id", "<script/><g id"), ("fill: #1a1a1a", "fill: url(http://x)"), (" z", " z&#60;"))
    for before, after in changes:
        changed = PATHS.replace(before, after)
        assert changed != PATHS
        try:
            assert checked_svg(Picture(changed, "words")) != changed
        except RenderError:
            continue
