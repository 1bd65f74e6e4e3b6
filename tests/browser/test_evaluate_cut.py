"""The line of the Cut-off step in a real browser: dragged by mouse and finger, moved by keys, kept for other pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import settle

Visit = Callable[..., Visitor]


def cut_off(page: Page) -> Locator:
    """Go to the Cut-off step once the sample has been measured; the handle of the threshold."""
    page.get_by_text(re.compile("reranking (lifts|lowers)")).first.wait_for()
    settle(page)
    page.get_by_role("radio", name="Cut-off", exact=True).click()
    line = page.get_by_role("slider", name="Threshold")
    line.wait_for()
    settle(page)
    return line


def at(line: Locator) -> float:
    """Where the line stands."""
    return float(line.get_attribute("aria-valuenow") or "nan")


def test_the_line_is_dragged_and_says_what_it_does_on_the_way(visit: Visit) -> None:
    """While the mouse moves the figures follow at once; the page hears of it when the mouse lets go."""
    page = visit().open("/evaluate")
    line = cut_off(page)
    sentence = page.get_by_text(re.compile(r"^At 0\.\d+, \d+ of \d+ queries are answered"))
    before, said, start = sentence.text_content(), line.get_attribute("aria-valuetext"), at(line)
    box = line.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 300, y + 60, steps=8)
    moved = at(line)
    assert moved > start + 0.1
    assert line.get_attribute("aria-valuetext") != said
    assert sentence.text_content() == before
    assert page.get_by_role("spinbutton", name="Threshold").input_value() == f"{start:.3f}"
    page.mouse.up()
    expect(page.get_by_role("spinbutton", name="Threshold")).to_have_value(f"{moved:.3f}")
    expect(sentence).not_to_have_text(before or "")
    settle(page)
    assert at(line) == moved
    answered = re.search(r"Answered (\d+)%", line.get_attribute("aria-valuetext") or "")
    counted = re.search(r"(\d+) of (\d+) queries are answered", sentence.text_content() or "")
    assert answered is not None
    assert counted is not None
    assert int(answered[1]) == round(100 * int(counted[1]) / int(counted[2]))


def test_the_line_is_moved_by_keys_and_by_a_click(visit: Visit) -> None:
    """Arrows go by a step, Page keys by ten, Home and End to the ends; a click brings the line there."""
    page = visit(dark=True).open("/evaluate")
    line = cut_off(page)
    line.focus()
    for key, value in (("Home", 0.0), ("ArrowRight", 0.005), ("PageUp", 0.055), ("ArrowLeft", 0.05), ("End", 1.0)):
        line.press(key)
        assert at(line) == value
    expect(page.get_by_text(re.compile(r"^At 1\.0+, 0 of"))).to_be_visible()
    settle(page)
    stage = page.locator(".stage").first.bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + stage["width"] / 2, stage["y"] + 150)
    expect(page.get_by_text(re.compile(r"^At 0\.[45]\d+, "))).to_be_visible()
    settle(page)
    top = page.get_by_role("slider", name="Top n")
    top.focus()
    top.press("End")
    expect(page.get_by_text(re.compile("^With the top 20, "))).to_be_visible()
    top.press("Home")
    expect(page.get_by_text(re.compile("^With the first result alone, "))).to_be_visible()


def test_a_kept_threshold_is_used_by_the_playground_of_somebody_else(visit: Visit) -> None:
    """Kept for a model here, it is the line on the board of a new visitor; forgotten, it is not."""
    page = visit(phone=True).open("/evaluate")
    line = cut_off(page)
    label = page.get_by_role("combobox", name="Model").input_value()
    line.focus()
    line.press("End")
    line.press("PageDown")
    expect(page.get_by_role("spinbutton", name="Threshold")).to_have_value("0.950")
    settle(page)
    page.get_by_role("button", name="Keep for this model").click()
    expect(page.get_by_text("Kept for this model: 0.950")).to_be_visible()
    other = visit().open(f"/?model={label}")
    expect(other.get_by_role("spinbutton", name="Score threshold")).to_have_value("0.95")
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_text("Kept for this model")).to_have_count(0)
