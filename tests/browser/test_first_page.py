"""The first page as a person uses it: come in, say a sentence, see the stages move, watch, post, remix."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.living.home import PATIENCE, Living, completed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG = PATIENCE * 1000


def come_in(page: Page, town: Living, who: str = "@wren") -> None:
    page.goto(town.address)
    page.get_by_role("button", name=who).click()
    expect(page.locator("#studio")).to_be_visible()


def make(page: Page, prompt: str) -> str:
    page.fill("#prompt", prompt)
    page.click("#create")
    card = page.locator("#mine .clip", has_text=prompt).first
    expect(card).to_be_visible()
    return card.get_attribute("data-id") or ""


def test_a_sentence_is_made_watched_posted_and_remixed(page, town):
    come_in(page, town)
    video_id = make(page, "A yellow bird flies over the forest")

    mine = page.locator(f"#mine .clip[data-id='{video_id}']")
    expect(mine.locator(".stages .now")).to_be_visible()
    completed(town, video_id)
    expect(mine).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(mine.locator(".label")).to_have_text("Made with AI")

    playing = mine.locator("video")
    playing.evaluate("player => player.play()")
    player = f"#mine .clip[data-id='{video_id}'] video"
    page.wait_for_function("player => document.querySelector(player).currentTime > 0.3", arg=player)
    assert playing.evaluate("player => player.videoWidth") == 720

    mine.get_by_role("button", name="Post").click()
    posted = page.locator(f"#feed .clip[data-id='{video_id}']")
    expect(posted).to_be_visible()
    posted.get_by_role("button", name="Remix").click()
    expect(page.locator("#remix-of")).to_contain_text("yellow bird")
    remix_id = make(page, "The same in winter")
    remix = page.locator(f"#mine .clip[data-id='{remix_id}']")
    completed(town, remix_id)
    expect(remix).to_have_attribute("data-status", "completed", timeout=LONG)
    expect(remix).to_contain_text("Remix")
    assert page.complaints == []


def test_words_that_look_like_markup_stay_words(page, town):
    come_in(page, town, "@swift")
    prompt = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> a boat"

    video_id = make(page, prompt)

    expect(page.locator(f"#mine .clip[data-id='{video_id}'] .words")).to_have_text(prompt)
    assert page.title() == "Volary"
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(f"#mine .clip[data-id='{video_id}']").get_by_role("button", name="Delete").click()
    expect(page.locator(f"#mine .clip[data-id='{video_id}']")).to_have_count(0)


def test_a_refusal_is_shown_and_loses_nothing(page, town):
    come_in(page, town, "@heron")
    page.evaluate("document.getElementById('prompt').removeAttribute('required')")
    page.fill("#prompt", "   ")
    page.click("#create")

    expect(page.locator("#composer-error")).to_contain_text("empty")
    expect(page.locator("#prompt")).to_have_value("   ")


def test_the_page_speaks_french(page, town):
    come_in(page, town)

    page.click("#language")

    expect(page.locator("#studio-title")).to_have_text("Que doit-on voir et entendre ?")
    assert page.evaluate("document.documentElement.lang") == "fr"


def test_the_page_loads_nothing_from_elsewhere_and_axe_finds_nothing_serious(page, town):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    come_in(page, town)
    page.wait_for_load_state("networkidle")

    found = Axe().run(page).response["violations"]

    assert [f"{v['id']}: {v['help']}" for v in found if v["impact"] in ("serious", "critical")] == []
    assert all(url.startswith(("http://127.0.0.1:", "blob:", "data:")) for url in asked)
    assert page.complaints == []


def test_a_refused_name_is_told_in_the_readers_language_with_what_to_do(page, town):
    come_in(page, town)
    for language, told in (("en", "leave the name out"), ("fr", "Enlevez le nom")):
        if page.locator("html").get_attribute("lang") != language:
            page.click("#language")
        page.fill("#prompt", "Taylor Swift danse sur la plage")
        page.click("#create")
        expect(page.locator("#composer-error")).to_contain_text(told)
