"""The page as a reader has it: in Chromium, opened from disk."""

import io
from urllib.parse import quote

import pytest
from PIL import Image

from tests.report.night_warehouse import TITLES

CONTRAST = 4.5
# The contrast of every element's text with what is behind it, by WCAG's relative luminance.
CONTRASTS = """() => {
  const parts = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = (color) => {
    const [r, g, b] = color.map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const low = [];
  let seen = 0;
  for (const node of document.querySelectorAll("body *")) {
    const says = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const text = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(parts(text)), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (contrast < LIMIT) low.push([node.outerHTML.slice(0, 80), contrast]);
  }
  return { seen, low };
}""".replace("LIMIT", str(CONTRAST))


class Reader:
    """A page in the browser, and all that it has asked for or complained of."""

    def __init__(self, context, folder):
        self.page = context.new_page()
        self.index = (folder / "index.html").as_uri()
        self.complaints, self.asked = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy', event.violatedDirective, event.blockedURI));"
        )

    def open(self, hash=""):
        self.page.goto(f"{self.index}{hash}")
        return self.page

    def search(self, words):
        self.page.fill("#words", words)
        self.page.wait_for_selector("#hits .hit")
        return self.page.locator("#hits .hit bdi").all_text_contents()

    def lists_of(self, title):
        self.page.wait_for_function(
            "(title) => document.getElementById('item-title').textContent === title", arg=title
        )
        return self.page.locator("#item-lists .card")


@pytest.fixture
def reader(browser, folder):
    """reader(width=..., scheme=...) is a Reader; afterwards no page has complained or asked for
    what is not in the folder."""
    readers, contexts = [], []

    def made(width=1280, height=800, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        readers.append(Reader(context, folder))
        return readers[-1]

    yield made
    inside = folder.as_uri()
    complaints = [text for one in readers for text in one.complaints]
    outside = [
        url
        for one in readers
        for url in one.asked
        if not url.startswith((inside, "data:image/gif", "about:blank"))
    ]
    for context in contexts:
        context.close()
    assert (complaints, outside) == ([], [])


def test_the_first_screen_says_whether_the_lists_go_out(reader):
    page = reader().open()
    headline = page.locator(".verdict .headline")
    assert headline.text_content().startswith("No. The lists of 2024-01-03 stay back")
    box = headline.bounding_box()
    assert box["y"] + box["height"] < 400
    tiles = page.locator(".tiles li").all_text_contents()
    assert "3 of 4" in tiles[0]
    assert "did not go well: items" in tiles[0]


def test_words_are_searched_and_a_hit_opens_its_lists(reader):
    one = reader()
    page = one.open()
    assert one.search("green leaf") == ["Green tea"]
    page.keyboard.press("Enter")
    cards = one.lists_of("Green tea")
    assert cards.locator("h4").all_text_contents() == [
        "pearson residual by order", "lift by order", "lift by customer",
    ]  # fmt: skip
    assert page.url.endswith("#item=tea")
    cells = cards.nth(1).locator("tr.place").first.locator("td").all_text_contents()
    assert cells == ["1", "milk", "16.00", "20", "4.000", "40", "50", "", "why"]
    assert page.evaluate("document.activeElement.id") == "item-title"


def test_why_fills_the_formula_with_the_numbers(reader):
    one = reader()
    page = one.open("#item=tea")
    cards = one.lists_of("Green tea")
    why = cards.nth(0).get_by_role("button", name="Why is Plum jam here?")
    why.click()
    assert why.get_attribute("aria-expanded") == "true"
    said = cards.nth(0).locator("tr.because:visible p").all_text_contents()
    assert said == [
        "20 of 40 orders that held Green tea also held Plum jam; of all 1,000 orders, 50 held it.",
        "4.000 were expected by chance, given what else those orders held: a median of 3 other "
        "items, 5.000 on average.",
        "That is 5.000 times as many as expected.",
        "pearson_residual = (20 − 4.000) / √4.000 = 8.000",
    ]
    assert page.locator("td.kind").filter(has_text="complement").count() == 3


def test_links_go_on_to_the_related_item_and_back(reader):
    one = reader()
    page = one.open("#item=tea")
    one.lists_of("Green tea").nth(0).get_by_role("link", name="Plum jam").click()
    one.lists_of("Plum jam")
    page.go_back()
    one.lists_of("Green tea")


def test_every_item_has_a_deep_link_whatever_it_is_called(reader):
    one = reader()
    page = one.open()
    for item in TITLES.keys() - {"cup"}:
        page.goto("about:blank")
        one.open(f"#item={quote(item, safe='')}")
        page.wait_for_selector("#item-lists .card")
        shown = page.locator("#item-title").text_content()
        title = (TITLES[item] or item).replace("\x00", "\ufffd").replace("\u2028", "\ufffd")
        assert shown.rstrip("…")[:30] == title[:30]
        assert len(shown) <= 200
        assert page.title() == "2024-01-03 · test · alsobought"
        assert page.locator("main script, main img").count() == 0


def test_an_item_without_a_list_is_no_error(reader):
    page = reader().open("#item=nobody")
    page.wait_for_selector("#item-fault:visible")
    assert (
        page.locator("#item-fault").text_content().startswith("No list of 2024-01-03 is of nobody")
    )


def test_all_of_it_by_keyboard(reader):
    one = reader()
    page = one.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "words"
    page.keyboard.type("a")
    page.wait_for_selector("#hits .hit")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    active = page.locator("#hits [aria-selected=true]")
    assert active.get_attribute("id") == page.get_attribute("#words", "aria-activedescendant")
    chosen = active.locator("bdi").text_content()
    page.keyboard.press("Enter")
    one.lists_of(chosen)
    page.keyboard.press("/")
    page.keyboard.type("tea")
    page.wait_for_selector("#hits .hit")
    page.keyboard.press("Escape")
    assert page.locator("#hits").is_hidden()


def test_nothing_is_said_of_words_that_no_item_has(reader):
    page = reader().open()
    page.fill("#words", "no such thing")
    page.wait_for_function("document.getElementById('searched').textContent.startsWith('No item')")
    assert page.get_attribute("#words", "aria-expanded") == "false"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(reader, scheme):
    one = reader(scheme=scheme)
    page = one.open("#item=tea")
    one.lists_of("Green tea").nth(0).locator(".why button").first.click()
    page.evaluate("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    contrasts = page.evaluate(CONTRASTS)
    assert contrasts["low"] == []
    assert contrasts["seen"] > 150


def test_dark_is_dark(reader):
    shades = {}
    for scheme in ("light", "dark"):
        one = reader(scheme=scheme)
        one.open()
        picture = Image.open(io.BytesIO(one.page.screenshot())).convert("L")
        histogram = picture.histogram()
        shades[scheme] = sum(n * c for n, c in enumerate(histogram)) / sum(histogram)
    assert shades["dark"] < 80 < 200 < shades["light"]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_its_window(reader, width):
    one = reader(width=width)
    page = one.open("#item=tea")
    one.lists_of("Green tea")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_part_has_its_name_for_a_screen_reader(reader):
    page = reader().open("#item=tea")
    page.wait_for_selector("#item-lists .card")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('a, button, input, select, section, nav')].filter((node) =>"
        " !(node.getAttribute('aria-label') || node.getAttribute('aria-labelledby')"
        " || node.textContent.trim() || node.labels?.length)).map((node) => node.outerHTML)"
    )
    assert unnamed == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_the_page_prints_without_what_only_a_screen_needs(reader):
    one = reader(width=794, scheme="dark")
    page = one.open()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".search").is_hidden()
    assert page.locator(".verdict").is_visible()
    assert page.evaluate(CONTRASTS)["low"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 794
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"  # also where the screen is dark
