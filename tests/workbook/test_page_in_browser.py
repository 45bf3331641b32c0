"""The audit's page in a real browser, opened from the disk as a user opens it."""

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.workbook.browser import browser, emulate, log, requests
from tests.workbook.handmade import HandMade, save
from workbook.inspect.audit import audit
from workbook.inspect.report.audit_page import page_of
from workbook.page.render import write_page

SLIPPED = "∂E/∂w3"  # in column Z


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages: `one.html` of one file, `many.html` of four."""
    out = tmp_path_factory.mktemp("pages")
    tables = {
        "b2": HandMade(rows=40).plant(SLIPPED, "a_h2", "a_h1"),
        "b10": HandMade().plant(SLIPPED, "a_h2", "a_h1").plant("∂E/∂w4", "a_h2", "a_h1"),
        "a": HandMade().plant("E1", "0.5", "2"),
        "c": HandMade(),
    }
    reports = [audit(save(out / f"{name}.xlsx", table.cells)) for name, table in tables.items()]
    (out / "text.xlsx").write_text("no workbook")
    book = openpyxl.load_workbook(out / "c.xlsx")
    book.worksheets[0].title = "O'Brien's \"x\" <b>"
    book.worksheets[0]["AG4"] = "<script>alert(1)</script>"
    book.save(out / "c.xlsx")
    reports[3] = audit(out / "c.xlsx")
    write_page(page_of(reports[:1]), out / "one.html")
    write_page(page_of([*reports, audit(out / "text.xlsx")]), out / "many.html")
    return out


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def one(chrome: Chrome, folder: Path) -> Chrome:
    """The browser, with the page of one file just opened."""
    chrome.get((folder / "one.html").as_uri())
    return chrome


@pytest.fixture
def many(chrome: Chrome, folder: Path) -> Chrome:
    """The browser, with the page of several files just opened."""
    chrome.get("about:blank")
    chrome.get((folder / "many.html").as_uri())
    return chrome


def the(chrome: Chrome, selector: str) -> WebElement:
    return chrome.find_element(By.CSS_SELECTOR, selector)


def pasted(chrome: Chrome) -> str:
    """What the clipboard holds: pasted into a field by the keyboard."""
    chrome.execute_script("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    field = the(chrome, "#paste")
    field.click()
    field.send_keys(Keys.CONTROL, "v")
    return str(field.get_property("value"))


def copy_first(chrome: Chrome) -> tuple[str, str]:
    """Click the first copy button; what stands beside it, and what came to the clipboard."""
    button = the(chrome, ".faults .copy")
    button.click()
    # Copying ends after the click does.
    ActionChains(chrome).pause(0.3).perform()
    assert button.text == "Copied"
    assert str(the(chrome, "#status").get_property("textContent")).startswith("Copied =")
    return the(chrome, ".faults code.expected").text, pasted(chrome)


def test_the_page_loads_nothing_and_says_nothing_in_the_console(chrome: Chrome, folder: Path) -> None:
    requests(chrome)
    for name in ("one.html", "many.html"):
        page = (folder / name).as_uri()
        chrome.get(page)
        chrome.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert requests(chrome) == [page]
        assert log(chrome, "browser") == []


def test_no_script_runs_but_the_pages_own(one: Chrome) -> None:
    one.execute_script(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert one.execute_script("return window.ran") is None
    one.execute_script("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    refused = " ".join(str(entry["message"]) for entry in log(one, "browser"))
    assert "script-src" in refused
    assert "default-src 'none'" in refused


def test_the_copy_button_copies(one: Chrome) -> None:
    beside, copied = copy_first(one)
    assert beside == copied
    assert copied.startswith("=(")


def test_the_copy_button_copies_where_the_browser_has_no_clipboard_for_scripts(chrome: Chrome, folder: Path) -> None:
    without = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    added = chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": without})
    try:
        chrome.get((folder / "one.html").as_uri())
        assert chrome.execute_script("return navigator.clipboard") is None
        beside, copied = copy_first(chrome)
        assert beside == copied
    finally:
        chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_a_link_of_a_fault_leads_to_its_cell_and_back(one: Chrome) -> None:
    link = the(one, ".faults a")
    assert link.text == "Z5"
    link.click()
    ActionChains(one).pause(0.2).perform()
    cell = one.switch_to.active_element
    assert cell.get_attribute("data-cell") == "Z5"
    assert in_view(one, cell)
    the(one, ".why a").click()
    ActionChains(one).pause(0.2).perform()
    assert one.switch_to.active_element.get_attribute("id") == "f1t1-fault1"


def test_a_sheet_wider_than_the_screen_begins_where_something_is_wrong(one: Chrome) -> None:
    the(one, "body").click()
    ActionChains(one).scroll_to_element(the(one, ".legend")).pause(0.2).perform()
    assert in_view(one, the(one, "[data-cell=Z5]"))
    assert not in_view(one, the(one, "[data-cell=A5]"))


def in_view(chrome: Chrome, element: WebElement) -> bool:
    """Whether the middle of an element is on the screen, and nothing covers it."""
    script = """
        const box = arguments[0].getBoundingClientRect();
        return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === arguments[0];
    """
    return bool(chrome.execute_script(script, element))


def test_the_keyboard_reaches_every_cell_and_the_bar_follows(one: Chrome) -> None:
    for _ in range(12):
        ActionChains(one).send_keys(Keys.TAB).perform()
        if one.switch_to.active_element.tag_name == "td":
            break
    bar = the(one, ".bar")
    assert one.switch_to.active_element.get_attribute("data-cell") == "Z5"
    assert "J5*(1-J5)" in bar.text
    assert "expected =" in bar.text
    assert "wrong: J5 is a_h1; a_h2 (L5) is expected" in bar.text
    for key, address in (
        (Keys.ARROW_DOWN, "Z6"), (Keys.ARROW_LEFT, "Y6"), (Keys.HOME, "A6"), (Keys.END, "AE6"), (Keys.ARROW_UP, "AE5"),
    ):  # fmt: skip
        ActionChains(one).send_keys(key).perform()
        assert one.switch_to.active_element.get_attribute("data-cell") == address
        assert the(one, ".bar .cell").text == address
    for _ in range(20):
        ActionChains(one).send_keys(Keys.ARROW_DOWN).perform()
    assert one.switch_to.active_element.get_attribute("data-cell") == "AE44"
    assert in_view(one, one.switch_to.active_element)
    assert one.switch_to.active_element.get_attribute("aria-describedby") == bar.get_attribute("id")


def test_the_bar_shows_the_cell_under_the_pointer_and_then_the_selected_one(one: Chrome) -> None:
    the(one, "[data-cell=Z6]").click()
    other = the(one, "[data-cell=Y5]")
    ActionChains(one).move_to_element(other).perform()
    assert the(one, ".bar .cell").text == "Y5"
    assert not the(one, ".bar .expectation").is_displayed()
    ActionChains(one).move_to_element(the(one, ".bar .cell")).perform()
    assert the(one, ".bar .cell").text == "Z6"
    the(one, ".bar .copy").click()
    ActionChains(one).pause(0.3).perform()
    assert pasted(one) == the(one, "[data-cell=Z6]").get_attribute("data-expected")


def files(chrome: Chrome) -> list[str]:
    return [Path(link.text).stem for link in chrome.find_elements(By.CSS_SELECTOR, "#index tbody a")]


def test_the_files_are_sorted_by_the_header_that_is_clicked(many: Chrome) -> None:
    assert files(many) == ["b2", "b10", "a", "c", "text"]
    file, _, score, faults = many.find_elements(By.CSS_SELECTOR, "#index th button")
    file.click()
    assert files(many) == ["a", "b2", "b10", "c", "text"]
    file.send_keys(Keys.ENTER)
    assert files(many) == ["text", "c", "b10", "b2", "a"]
    assert many.find_elements(By.CSS_SELECTOR, "[aria-sort]")[0].get_attribute("aria-sort") == "descending"
    score.click()
    assert files(many)[:2] == ["text", "b10"]
    assert files(many)[-1] == "c"
    assert len(many.find_elements(By.CSS_SELECTOR, "[aria-sort]")) == 1
    faults.send_keys(Keys.SPACE)
    assert files(many)[-1] == "b10"


def test_a_link_of_the_index_unfolds_its_file(many: Chrome) -> None:
    assert not the(many, "#f3 table").is_displayed()
    the(many, "#index a[href='#f3']").click()
    ActionChains(many).pause(0.2).perform()
    assert the(many, "#f3 table").is_displayed()
    assert many.switch_to.active_element.tag_name == "summary"


def test_an_address_with_a_cell_unfolds_what_is_around_it(chrome: Chrome, folder: Path) -> None:
    chrome.get("about:blank")
    chrome.get((folder / "many.html").as_uri() + "#f3t1-U5")
    ActionChains(chrome).pause(0.2).perform()
    assert chrome.switch_to.active_element.get_attribute("id") == "f3t1-U5"
    assert in_view(chrome, the(chrome, "#f3t1-U5"))


def test_all_is_unfolded_where_the_page_is_printed(many: Chrome) -> None:
    many.execute_cdp_cmd("Page.printToPDF", {})
    assert all(many.execute_script("return [...document.querySelectorAll('details')].map((each) => each.open)"))


# The contrast of every text with its ground, as WCAG 2 defines it: the least, and the text.
CONTRAST = """
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) =>
        0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] > 0) return color;
        }
    };
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !element.checkVisibility() || element.matches("script, .unseen, title")) continue;
        const style = getComputedStyle(element);
        const color = element instanceof SVGElement ? style.fill : style.color;
        const pair = [luminance(numbers(color)), luminance(ground(element))].sort((a, b) => b - a);
        found.push([(pair[0] + 0.05) / (pair[1] + 0.05), element.outerHTML.slice(0, 80)]);
    }
    return found.sort((a, b) => a[0] - b[0]);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(many: Chrome, scheme: str) -> None:
    emulate(many, "prefers-color-scheme", scheme)
    many.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    ground = many.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    contrasts = many.execute_script(CONTRAST)
    assert len(contrasts) > 500
    assert contrasts[0][0] >= 4.5, contrasts[0]


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_is_as_wide_as_the_screen(many: Chrome, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    many.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        many.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert many.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        many.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
