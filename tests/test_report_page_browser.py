"""The report page in a real browser: phone and desk, with scripts and without, normal and large type."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.app import create_app
from bot.house import House
from bot.pages import form
from store import photos
from tests.browser import DESK, PHONE, browser, opened
from tests.echo_bot import serving
from tests.test_photos import phone_photo
from tests.test_report_page import GRID, TEXT, case_of, has_cases, house, pin_of

__all__ = ["browser", "house"]

SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
MODES = pytest.mark.parametrize("mode", ["", "?elder=1"], ids=["normal", "large"])
REFUSED = ("422 (Unprocessable",)

# The text of a page that its background lets one read badly: what it says and its contrast.
FAINT = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const gradient = style.backgroundImage.match(/rgb\\([^)]*\\)/g);
      if (gradient) return gradient.sort((a, b) => light(a) - light(b)).at(-1);
      const alpha = parts(style.backgroundColor)[3];
      if (style.backgroundColor !== "rgba(0, 0, 0, 0)" && !(alpha < 1)) return style.backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!said || !element.checkVisibility()) continue;
    const [one, two] = [getComputedStyle(element).color, behind(element)].map(light).sort((a, b) => a - b);
    const contrast = (two + 0.05) / (one + 0.05);
    if (contrast < 4.5) found.push([element.textContent.trim(), contrast.toFixed(2)]);
  }
  return found;
}"""

# What one can press on a page and how high and wide it is.
TARGETS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), textarea")]
  .filter((element) => element.checkVisibility() && !element.matches(".skip"))
  .map((element) => [element.id || element.textContent.trim(), element.getBoundingClientRect()])
  .map(([name, box]) => [name, Math.round(Math.min(box.width, box.height))])"""


@pytest.fixture
def town(house: House) -> Iterator[str]:
    """The address of the real application, served without its sender and clock."""
    with serving(Starlette(routes=[Mount("/", create_app(house))])) as address:
        yield address


def write(page: Page, text: str) -> None:
    page.get_by_label("发生了什么事").fill(text)


def submit(page: Page) -> None:
    page.get_by_role("button", name="提交").click()


def shrunk(page: Page, original: int) -> int:
    """Bytes of the chosen photo, once the page has put its smaller form in the place of the original."""
    for _ in range(200):
        size = int(page.evaluate("document.getElementById('photos').files[0].size"))
        if size != original:
            return size
        page.wait_for_timeout(50)
    raise AssertionError("the photo was not made smaller within 10 s")


def picture(name: str) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": phone_photo()}


@SIZES
def test_a_report_with_photos_and_a_pin_reaches_its_progress_page(
    town: str, browser: Browser, house: House, size: tuple[int, int]
) -> None:
    with opened(browser, f"{town}/r/{GRID}", size) as page:
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation({"latitude": 31.25, "longitude": 121.5, "accuracy": 20})
        write(page, TEXT)
        page.set_input_files("#photos", [picture("one.jpg"), picture("two.jpg")])  # type: ignore[list-item]
        expect(page.get_by_role("img", name="张照片")).to_have_count(2)
        page.get_by_role("button", name="去掉第 1 张照片").click()
        expect(page.get_by_role("img", name="张照片")).to_have_count(1)
        page.get_by_role("button", name="带上我现在的位置").click()
        expect(page.locator("#pin-note")).to_have_text("已带上位置，误差约 20 米。")
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
        page.get_by_role("link", name="看办理进度").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("编号 1001")
        expect(page.locator(".shots img")).to_have_count(1)
        assert page.evaluate("document.querySelector('.shots img').naturalWidth") == 200
    assert (case_of(house).text, pin_of(house)) == (TEXT, (31.25, 121.5))


@SIZES
def test_the_whole_way_works_without_scripts(
    town: str, browser: Browser, house: House, size: tuple[int, int]
) -> None:
    with opened(browser, f"{town}/r/{GRID}", size, scripts=False, errors_expected=REFUSED) as page:
        write(page, TEXT)
        page.set_input_files("#photos", picture("one.jpg"))  # type: ignore[arg-type]
        expect(page.locator("#photos")).to_be_visible()
        page.get_by_label("您的电话").fill("12")
        submit(page)
        expect(page.locator("#phone-problem")).to_have_text("电话号码好像不对，请检查一下；不想留可以空着。")
        expect(page.get_by_label("发生了什么事")).to_have_value(TEXT)
        page.get_by_label("您的电话").fill("13800001234")
        page.set_input_files("#photos", picture("one.jpg"))  # type: ignore[arg-type]
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
        page.get_by_role("link", name="看办理进度").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("编号 1001")
    with house.db.read() as tx:
        assert photos.count(tx, 1001) == 1


def test_an_impatient_double_click_and_a_reload_act_once(town: str, browser: Browser, house: House) -> None:
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        write(page, TEXT)
        page.get_by_role("button", name="提交").dblclick()
        expect(page.locator("#number")).to_have_text("1001")
        page.reload()
        expect(page.locator("#number")).to_have_text("1001")
    assert has_cases(house, 1)


def test_going_back_to_the_page_one_can_report_something_else(
    town: str, browser: Browser, house: House
) -> None:
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        write(page, TEXT)
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
        page.go_back()
        write(page, "路灯也不亮了")
        submit(page)
        expect(page.locator("#number")).to_have_text("1002")
    assert has_cases(house, 2)


def test_a_photo_travels_small_and_without_its_metadata(town: str, browser: Browser) -> None:
    bodies: list[bytes] = []
    large = Image.effect_noise((3000, 2000), 60).convert("RGB")
    out = BytesIO()
    large.save(out, "JPEG", quality=95, exif=Image.open(BytesIO(phone_photo())).getexif())
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        write(page, TEXT)
        page.set_input_files(
            "#photos", {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
        )
        size = shrunk(page, len(out.getvalue()))
        page.on("request", lambda request: bodies.append(request.post_data_buffer or b""))
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
    assert size < len(out.getvalue()) / 2
    assert [mark for mark in (b"Exif", b"SecretPhoneMaker") if mark in b"".join(bodies)] == []


def test_a_fourth_photo_is_left_out_and_said_so(town: str, browser: Browser) -> None:
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        page.set_input_files("#photos", [picture(f"{index}.jpg") for index in range(3)])  # type: ignore[arg-type]
        expect(page.locator("#photos-add")).to_be_hidden()
        page.get_by_role("button", name="去掉第 2 张照片").click()
        page.set_input_files("#photos", [picture("4.jpg"), picture("5.jpg")])  # type: ignore[list-item]
        expect(page.locator("#photos-note")).to_have_text("最多 3 张照片，多的没有加上。")
        expect(page.get_by_role("img", name="张照片")).to_have_count(form.PHOTOS_MAX)


def test_a_draft_waits_until_it_is_sent_and_holds_no_phone_number(town: str, browser: Browser) -> None:
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        write(page, TEXT)
        page.get_by_label("具体在哪里").fill("二单元门口")
        page.get_by_label("您的电话").fill("13800001234")
        page.goto("about:blank")
        page.goto(f"{town}/r/{GRID}")
        expect(page.get_by_label("发生了什么事")).to_have_value(TEXT)
        expect(page.get_by_label("具体在哪里")).to_have_value("二单元门口")
        expect(page.get_by_label("您的电话")).to_have_value("")
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
        page.get_by_role("link", name="再报一件事").click()
        expect(page.get_by_label("发生了什么事")).to_have_value("")


def test_large_type_comes_at_once_and_loses_nothing(town: str, browser: Browser) -> None:
    with opened(browser, f"{town}/r/{GRID}", PHONE) as page:
        write(page, TEXT)
        page.set_input_files("#photos", picture("one.jpg"))  # type: ignore[arg-type]
        page.get_by_role("link", name="大字版").click()
        expect(page.get_by_label("发生了什么事")).to_have_css("font-size", "23px")
        expect(page.get_by_role("img", name="第 1 张照片")).to_be_visible()
        submit(page)
        expect(page.locator("#number")).to_have_text("1001")
        expect(page.locator("html.elder")).to_have_count(1)


@SIZES
@MODES
def test_every_page_is_readable_and_can_be_pressed_with_a_thumb(
    town: str, browser: Browser, size: tuple[int, int], mode: str
) -> None:
    text, touch = (22, 60) if mode else (18, 44)

    def check(page: Page) -> None:
        assert page.evaluate(FAINT) == []
        assert [target for target in page.evaluate(TARGETS) if target[1] < touch] == []
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= text
        line = "parseFloat(getComputedStyle(document.body).lineHeight) / {size}"
        assert (
            page.evaluate(line.replace("{size}", "parseFloat(getComputedStyle(document.body).fontSize)"))
            >= 1.3
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    with opened(browser, f"{town}/r/{GRID}{mode}", size, errors_expected=("404 (Not Found",)) as page:
        check(page)
        write(page, "厨房煤气漏了" + "很" * 80)
        page.set_input_files("#photos", picture("one.jpg"))  # type: ignore[arg-type]
        page.wait_for_selector(".photos__one")
        check(page)
        submit(page)
        expect(page.get_by_role("link", name="拨打 119")).to_be_visible()
        check(page)
        page.get_by_role("link", name="看办理进度").click()
        expect(page.locator(".shots img")).to_have_count(1)
        check(page)
        for address in ("/b/ABCD2345", "/r/NOPE"):
            page.goto(f"{town}{address}{mode}")
            check(page)


def test_a_narrow_phone_scrolls_in_one_direction_only(town: str, browser: Browser) -> None:
    with opened(browser, f"{town}/r/{GRID}?elder=1", (320, 640)) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_keyboard_reaches_everything_in_reading_order(town: str, browser: Browser) -> None:
    with opened(browser, f"{town}/r/{GRID}", DESK) as page:
        reached = []
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert reached == ["skip", "elder-switch", "text", "photos", "place", "pin-ask", "phone", "send"]
