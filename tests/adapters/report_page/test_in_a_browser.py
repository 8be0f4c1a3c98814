"""The page of a report in a real browser: on phone and desk, by day and by night, on paper, by keyboard and by ear."""

import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from browser import PROGRAM, Browser, Tab, browsing

from provider_runtime import Report, report_page

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no browser is installed (chromium, google-chrome)"),
    pytest.mark.timeout(300),
]
SCREENS = [{"width": width, "dark": dark} for width, dark in product((390, 1280), (False, True))]
on_every_screen = pytest.mark.parametrize(
    "screen", SCREENS, ids=lambda one: f"{one['width']}-{'dark' if one['dark'] else 'light'}"
)


@pytest.fixture(scope="module")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(report), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
async def tab(page: Path, browser: Browser) -> AsyncIterator[Tab]:
    async with browser.tab() as tab:
        await tab.looks(width=1280)
        await tab.open(page)
        yield tab


async def test_the_page_asks_for_nothing_but_itself_and_the_browser_has_no_complaint(tab: Tab, page: Path) -> None:
    for screen in SCREENS:
        await tab.looks(**screen)
        await tab.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert tab.requests == [page.as_uri()]
    assert tab.complaints == []


@on_every_screen
async def test_nothing_is_wider_than_the_screen(tab: Tab, screen: dict[str, Any]) -> None:
    await tab.looks(**screen)
    await tab.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert await tab.value("document.documentElement.scrollWidth") <= screen["width"]
    # What is wider scrolls by itself; and no letter of a picture is cut off at its edge.
    cut = await tab.value("""
        [...document.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).flatMap(svg => {
            const box = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent && text.checkVisibility());
            return texts.filter(text => {
                const letters = text.getBoundingClientRect();
                return letters.width && (letters.left < box.left - 4 || letters.right > box.right + 4);
            }).map(text => text.textContent);
        })""")
    assert cut == []


@on_every_screen
async def test_letters_can_be_read(tab: Tab, screen: dict[str, Any]) -> None:
    await tab.looks(**screen)
    await tab.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    seen = await tab.value(_LETTERS)
    assert len(seen) > 100
    faint = {(one["text"], one["contrast"]) for one in seen if one["contrast"] < 4.5}
    assert faint == set()
    small = {(one["text"], one["size"]) for one in seen if one["size"] < 10.5}
    assert small == set()


@on_every_screen
async def test_bars_and_lines_stand_out_from_their_ground(tab: Tab, screen: dict[str, Any]) -> None:
    await tab.looks(**screen)
    marks = await tab.value(_MARKS)
    assert len(marks) > 20
    assert [one for one in marks if one["contrast"] < 3] == []


async def test_by_keyboard_one_skips_to_the_figures_and_unfolds_a_call(tab: Tab) -> None:
    await tab.press("Tab", 9)
    assert await tab.value("document.activeElement.textContent") == "Skip to the figures"
    assert await tab.value("document.activeElement.getBoundingClientRect().left >= 0")
    await tab.press("Enter", 13)
    assert await tab.value("location.hash") == "#main"
    closed = "document.querySelector('.call:not([open]) > summary')"
    for _ in range(60):
        await tab.press("Tab", 9)
        if await tab.value(f"document.activeElement === {closed}"):
            break
    assert await tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await tab.press("Enter", 13)
    assert await tab.value("document.activeElement.parentElement.open")
    assert await tab.value("document.activeElement.parentElement.querySelector('.timeline').checkVisibility()")


async def test_whoever_listens_hears_names_headings_lists_and_tables(tab: Tab) -> None:
    await tab.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    nodes = [node for node in (await tab.ask("Accessibility.getFullAXTree"))["nodes"] if not node.get("ignored")]
    by_role: dict[str, list[str]] = {}
    for node in nodes:
        by_role.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert by_role["RootWebArea"] == ["Calls"]
    assert {"main", "navigation", "banner", "contentinfo"} <= set(by_role)
    assert by_role["heading"][:2] == ["Calls", "In short"]
    pictures = by_role.get("image", []) + by_role.get("img", [])
    assert len(pictures) >= 10
    assert all(pictures)
    assert "Refused by gate" in pictures
    assert all(by_role["table"])
    assert "Percentiles by model" in by_role["table"]
    assert all(by_role["region"])
    assert any(name.startswith("Timeline of call_") for name in by_role["list"])
    # A picture is one thing: its thousand marks are not read out one by one.
    assert not any("mark" in node.get("description", {}).get("value", "") for node in nodes)


async def test_on_paper_it_is_black_on_white_and_the_chosen_call_is_there(tab: Tab) -> None:
    await tab.looks(width=794, dark=True, media="print")
    assert await tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert await tab.value("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not await tab.value("document.querySelector('nav').checkVisibility()")
    assert await tab.value("document.querySelector('.call[open] .timeline').checkVisibility()")
    printed = await tab.printed()
    assert printed.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 9


@on_every_screen
async def test_there_is_something_to_be_seen(tab: Tab, browser: Browser, screen: dict[str, Any]) -> None:
    await tab.looks(**screen)
    async with browser.tab() as empty:  # where no policy of the page forbids to look at a picture
        colours = {tuple(one) for one in await empty.value(_COLOURS % await tab.picture())}
    by_day = {(39, 103, 176), (192, 52, 29), (168, 101, 0)}
    by_night = {(116, 179, 245), (255, 134, 114), (229, 169, 74)}
    assert (by_night if screen["dark"] else by_day) <= colours
    assert not (by_day if screen["dark"] else by_night) & colours
    assert ((24, 32, 42) if screen["dark"] else (255, 255, 255)) in colours


# Every colour in a picture, as red, green and blue.
_COLOURS = """(async () => {
    const picture = new Image();
    picture.src = '%s';
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
    pen.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, picture.width, picture.height).data.buffer);
    return [...new Set(pixels)].map(one => [one & 255, one >> 8 & 255, one >> 16 & 255]);
})()"""

# Contrast as the Web Content Accessibility Guidelines count it, of what is to be seen now.
_CONTRAST = """
    const number = colour => colour.match(/[\\d.]+/g).map(Number);
    const shade = colour => {
        const [r, g, b] = number(colour).slice(0, 3).map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
        const [low, high] = [shade(one), shade(other)].sort((a, b) => a - b);
        return Math.round(100 * (high + 0.05) / (low + 0.05)) / 100;
    };
    const ground = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (number(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
"""
_LETTERS = f"""(() => {{{_CONTRAST}
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = [];
    while (walker.nextNode()) {{
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || !element.checkVisibility() || element.closest('.skip, caption, style')) continue;
        const style = getComputedStyle(element), svg = element.closest('svg');
        const zoom = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        seen.push({{
            text, size: zoom * parseFloat(style.fontSize),
            contrast: contrast(svg ? style.fill : style.color, ground(svg ? svg.parentElement : element)),
        }});
    }}
    return seen;
}})()"""
_MARKS = f"""(() => {{{_CONTRAST}
    const painted = svg => [...svg.querySelectorAll('.role-mark path')].filter(mark => mark.checkVisibility());
    return [...document.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).flatMap(svg =>
        painted(svg).map(mark => {{
            const style = getComputedStyle(mark);
            const colour = style.fill === 'none' ? style.stroke : style.fill;
            return {{colour, contrast: contrast(colour, ground(svg.parentElement))}};
        }}));
}})()"""
