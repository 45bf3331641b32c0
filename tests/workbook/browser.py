"""A real browser, headless: Debian's Chromium, led by its own driver."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip


def programs() -> tuple[str, str]:
    """Chromium and its driver. Skips the test where one is not installed, but fails it in CI."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if found[0] is None or found[1] is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Chromium: chromium or chromedriver was not found")
        pytest.skip("Chromium is not installed: chromium or chromedriver was not found")
    return found[0], found[1]


@contextmanager
def browser(profile: Path, width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """A browser with a profile of its own, which logs its console and its requests."""
    program, driver = programs()
    options = ChromeOptions()
    options.binary_location = program
    for option in (*OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def requests(chrome: Chrome) -> list[str]:
    """The addresses that were asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in log(chrome, "performance")]
    return [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]


def log(chrome: Chrome, kind: Literal["browser", "performance"]) -> list[dict[str, Any]]:
    """What was logged since the last call: on the console, or about the page's work."""
    return chrome.get_log(kind)  # type: ignore[no-untyped-call, no-any-return] # selenium leaves it unannotated


def emulate(chrome: Chrome, feature: str, value: str) -> None:
    """Set what the user prefers, such as prefers-color-scheme: dark."""
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": feature, "value": value}]})
