"""The takedown form and the appeal page as somebody outside uses them: by keys alone, in both languages."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from volary.accounts import Role, Viewer
from volary.embedded import Home, Options, open_home
from volary.generation import Ask, Identity, request
from volary.ports import Range
from volary.review.notices import Takedown
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Act, Videos

from events.inference import MediaFacts
from functions.review import takedown
from functions.review.cases import claim
from functions.review.decide import Asked, decide_case
from functions.review.effects import take_effect
from local.api import create_local_app
from local.people import add_demo_people
from tests.browser.desk import listening, serving

pytestmark = pytest.mark.browser
MADE = MediaFacts(
    sha256="0" * 64, size_bytes=9, width=90, height=160, frames=96, frame_rate=24, seconds=4, audio_seconds=4
)
MODERATOR = Viewer(user_id="user_mo", role=Role.MODERATOR)
MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


class Town:
    """A home with its pages and demo people, without models or workflow."""

    def __init__(self, home: Home, address: str) -> None:
        self.home, self.address = home, address
        self.reviews = Reviews(home.items)
        self.owner = Accounts(home.items).by_handle("wren")

    def clip(self) -> str:
        """A public clip of @wren's."""
        ids, store = self.home.services.ids, Videos(self.home.items)
        owner_id = self.owner.user_id
        identity = Identity(id=ids.new("video"), owner_id=owner_id, record=ids.record(), seed=1, now=1)
        video = request(Ask(prompt="a fox in the snow", visibility="public"), identity)
        act = Act(action="made", actor="test", at=1)
        store.add(video, act, [])
        made = {"status": "completed", "stage": "done", "gate": "pass", "made": MADE, "posted_at": 2}
        store.change(video.model_copy(update=made), act)
        return video.id

    def removed(self, explanation: str) -> str:
        """The id of the notice that tells @wren of a removed clip."""
        asked = Takedown(content=self.clip(), ground="other", statement="x", contact="a@b.ch", signature="A",
                         good_faith=True)  # fmt: skip
        case = takedown.receive(asked, self.home.services)
        claim(case.id, MODERATOR, self.home.services)
        decided = decide_case(case.id, Asked(action="remove", explanation=explanation), MODERATOR, self.home.services)
        take_effect(decided, self.home.services)
        return self.reviews.notices(self.owner.user_id)[0].id

    def cases(self, kind: str) -> list:
        return [each for each in self.reviews.open(Range(limit=100)) if each.kind == kind]


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Iterator[Town]:
    with ExitStack() as stack:
        listener = stack.enter_context(listening())
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        home = open_home(tmp_path_factory.mktemp("pages"), Options(public=address))
        add_demo_people(home.services)
        stack.enter_context(serving(create_local_app(home), listener))
        yield Town(home, address)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}" for each in found if each["impact"] in ("serious", "critical")]


def typed(page: Page, words: str) -> None:
    page.keyboard.type(words)
    page.keyboard.press("Tab")


def test_a_notice_is_filled_in_and_sent_by_keys_without_an_account(page, town):
    video_id = town.clip()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{town.address}/takedown/")
    page.focus("#content")
    typed(page, f"{town.address}/#{video_id}")
    typed(page, "Shows")  # the list of grounds follows what is typed
    typed(page, f"That is me. {MARKUP}")
    typed(page, "me@example.org")
    page.keyboard.press("ControlOrMeta+a")
    typed(page, "FR")
    typed(page, "M. E.")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#answer")).to_contain_text("48 hours")
    [case] = [each for each in town.cases("notice") if each.subject == video_id]
    assert (case.ground, case.law) == ("likeness", "TAKE IT DOWN Act (US), 48 hours")
    assert case.id in page.locator("#answer").inner_text()
    notice = town.reviews.takedown(case.id)
    assert (notice.region, notice.statement, notice.good_faith) == ("FR", f"That is me. {MARKUP}", True)
    expect(page.locator("#statement")).to_have_value("")
    assert all(url.startswith((town.address, "data:")) for url in asked)
    assert page.complaints == []


def test_a_notice_that_names_nothing_is_answered_and_loses_no_words(page, town):
    page.goto(f"{town.address}/takedown/")
    for field, words in {"content": "my clip", "statement": "It is mine.", "contact": "me@example.org",
                         "signature": "M. E."}.items():  # fmt: skip
        page.fill(f"#{field}", words)
    page.check("#good_faith")
    page.get_by_role("button", name="Send").press("Enter")

    expect(page.locator("#answer")).to_contain_text("no clip of ours is named")
    expect(page.locator("#statement")).to_have_value("It is mine.")


def test_an_unfinished_notice_is_not_sent(page, town):
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{town.address}/takedown/")
    page.fill("#content", town.clip())
    page.get_by_role("button", name="Send").press("Enter")

    assert page.evaluate("document.querySelector('#notice').checkValidity()") is False
    assert page.evaluate("document.activeElement.id") == "statement"
    assert sent == []


def test_the_form_speaks_both_languages_and_axe_finds_nothing_serious(page, town):
    page.goto(f"{town.address}/takedown/")

    assert serious(page) == []
    for words in ("Your e-mail", "Votre adresse e-mail", "Demander le retrait", "good faith", "bonne foi"):
        expect(page.locator("main")).to_contain_text(words)
    unnamed = "fields => fields.filter(field => !field.labels.length).length"
    assert page.locator("#notice input, #notice select, #notice textarea").evaluate_all(unnamed) == 0


def test_an_author_reads_a_decision_and_appeals_it_by_keys(page, town):
    notice_id = town.removed(f"It copies a film. {MARKUP}")
    page.goto(f"{town.address}/appeal/#{notice_id}")
    expect(page.locator("#told")).to_contain_text("Sign in")
    expect(page.locator("#appeal")).to_be_hidden()
    assert serious(page) == []

    page.goto(town.address)
    page.get_by_role("button", name="@wren").click()
    expect(page.locator("#studio")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.complaints.clear()  # the first page shows thumbnails, for which there is no media server here
    page.goto(f"{town.address}/appeal/#{notice_id}")
    expect(page.locator("#told")).to_contain_text(f"It copies a film. {MARKUP}")
    assert serious(page) == []
    page.focus("#text")
    typed(page, f"It is my own film. {MARKUP}")
    page.keyboard.press("Enter")

    expect(page.locator("#answer")).to_contain_text("appeal_")
    expect(page.locator("#appeal")).to_be_hidden()
    [case] = town.cases("appeal")
    assert case.notes[0].text == f"It is my own film. {MARKUP}"
    assert "user_mo" in case.barred, "an appeal goes to somebody else"
    assert page.title().startswith("Appeal"), "no words of anybody ran"
    page.reload()
    expect(page.locator("#told")).to_contain_text("It copies a film.")
    expect(page.locator("#appeal")).to_be_hidden()
    assert page.complaints == []


def test_a_decision_about_somebody_else_is_not_shown(page, town):
    notice_id = town.removed("It copies a film.")
    page.goto(town.address)
    page.get_by_role("button", name="@swift").click()
    expect(page.locator("#studio")).to_be_visible()
    page.goto(f"{town.address}/appeal/#{notice_id}")

    expect(page.locator("#told")).to_contain_text("This decision is not about you.")
    expect(page.locator("#appeal")).to_be_hidden()


def test_whoever_comes_to_the_appeal_page_without_a_decision_is_told_how(page, town):
    page.goto(town.address)
    page.get_by_role("button", name="@swift").click()
    expect(page.locator("#studio")).to_be_visible()
    page.goto(f"{town.address}/appeal/")

    for words in ("by the link in the notice", "par le lien de l’avis"):
        expect(page.locator("#told")).to_contain_text(words)


def test_the_first_page_leads_to_the_form_and_nothing_is_wider_than_a_phone(page, town):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(town.address)
    page.get_by_role("button", name="@swift").click()
    expect(page.locator("#studio")).to_be_visible()
    page.click("#language")
    assert width(page) == 360
    page.get_by_role("link", name="Demander le retrait").click()
    expect(page.locator("#notice")).to_be_visible()
    assert width(page) == 360
    page.goto(f"{town.address}/appeal/")
    assert width(page) == 360


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def test_nothing_but_their_own_files_runs_on_these_pages(town):
    for path in ("/takedown/", "/appeal/"):
        policy = httpx.get(town.address + path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy, json.dumps(policy)
