"""Takes the README's picture of a report: the first screen, and below it an item's lists.

    python demo/report_picture.py warehouse/demo-report/2017-12-01 1098066 docs/report.png

Needs the browser that `make chromium` installs, and Pillow.
"""

import io
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Page, sync_playwright

SIZE = {"width": 1280, "height": 460}
COLOURS = 96  # a palette: the file is a third as large


def picture(folder: Path, item: str) -> Image.Image:
    """The two screens, one above the other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        index = (folder / "index.html").resolve().as_uri()
        page.goto(index)
        first = _screen(page)
        page.set_viewport_size(SIZE | {"height": 760})
        page.goto(f"{index}#item={quote(item, safe='')}")
        page.wait_for_selector("#item-lists .card")
        page.get_by_role("button", name="Why is").nth(1).click()
        top = page.locator("header.top").bounding_box() or {"height": 0}
        second = _screen(page).crop((0, int(top["height"]), SIZE["width"], 760))
        browser.close()
    whole = Image.new("RGB", (first.width, first.height + second.height), "white")
    whole.paste(first, (0, 0))
    whole.paste(second, (0, first.height))
    return whole.quantize(COLOURS)


def _screen(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


if __name__ == "__main__":
    report, shown_item, target = sys.argv[1:]
    picture(Path(report), shown_item).save(target, optimize=True)
