"""The console speaks French to whoever's browser does, and no word of its own is missing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from volary.accounts import Account
from volary.likeness import How
from volary.moderation import shipped_policy
from volary.review import clocks
from volary.review.cases import Action, Status
from volary.review.handbook import handbook
from volary.videos import Status as VideoStatus

from events.likeness import PURPOSES
from events.moderation import Category, Stage
from functions.api.reviews import ReviewCase
from functions.review.figures import _ages
from tests.browser.desk import Desk, running
from tests.browser.test_console import come_in

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "console"
ACTING = [*(ROOT / "functions/review").glob("*.py")]
REFUSING = [*ACTING, *(ROOT / "layers/shared/python/volary/review").glob("*.py")]
STATIC = re.compile(r">([^<>]*[A-Za-z]{2}[^<>]*)<")
NEITHER = {"Ctrl", "Enter", "Esc", "Alt", "volary token HANDLE"}


def templates(script: str) -> Iterator[str]:
    """The keys of t`…` in a script, each value as {}."""
    for found in re.finditer(r"(?<![\w$])t`", script):
        key, at, depth = "", found.end(), 0
        while depth or script[at] != "`":
            if script.startswith("${", at):
                key += "" if depth else "{}"
                depth, at = depth + 1, at + 1
            elif depth and script[at] in "{}":
                depth += 1 if script[at] == "{" else -1
            elif not depth:
                key += script[at]
            at += 1
        yield key


def french(name: str = "FRENCH") -> dict[str, str]:
    """A dictionary of french.js, whose entries are JSON but for the bare keys and the comments."""
    body = (CONSOLE / "french.js").read_text("utf-8").split(f"{name} = ", 1)[1].split("\n};", 1)[0] + "}"
    body = re.sub(r"^\s*//.*$", "", body, flags=re.MULTILINE)
    quoted = re.sub(r'([{,]\s*)([A-Za-z_]+):(?=\s*")', r'\1"\2":', body)
    found: dict[str, str] = json.loads(re.sub(r",\s*}", "}", quoted))
    return found


def used() -> set[str]:
    """Everything that the scripts and the page say in words of their own."""
    scripts = "".join(
        each.read_text("utf-8") for each in CONSOLE.glob("*.js") if each.name not in ("words.js", "french.js")
    )
    page = (CONSOLE / "index.html").read_text("utf-8").split("<body>")[1]
    named = re.findall(r'word\("([^"]+)"\)', scripts) + re.findall(r'aria-label="([^"]+)"', page)
    keys = re.findall(r': \["([a-z][^"]+)",', scripts)
    return {*templates(scripts), *named, *(each.strip() for each in STATIC.findall(page))} | set(keys)


def test_every_word_of_the_console_has_a_french_one_with_the_same_places():
    words = french()

    assert sorted(used() - words.keys() - NEITHER) == []
    assert [key for key, value in words.items() if key.count("{}") != value.count("{}")] == []


def test_every_state_that_a_case_and_its_author_may_have_has_a_french_word():
    states = {*Status.__args__, *Action.__args__, *ReviewCase.model_fields["claim"].annotation.__args__}
    states |= set(Account.model_fields["status"].annotation.__args__)

    assert sorted(states - french().keys()) == []


def closed_lists() -> set[str]:
    """What the server says to reviewers out of closed lists."""
    acts = {said for file in ACTING for said in re.findall(r'Act\(action="([^"]+)"', file.read_text("utf-8"))}
    acts |= {
        said for said in re.findall(r'_changed\(case_id, "([^"]+)"', (ROOT / "functions/review/cases.py").read_text())
    }
    laws = {each.basis for each in vars(clocks).values() if isinstance(each, clocks.Law)}
    harms = {harm for each in shipped_policy().unseen for harm in each.harms}
    return {
        *(each.value for each in Category), *Stage.__args__, *VideoStatus.__args__, *clocks.Kind.__args__,
        *clocks.Ground.__args__, *How.__args__, *PURPOSES, *_ages({}, "2026-11-23"), *laws, *harms,
        *(part for act in acts for part in act.split(": ")),
    }  # fmt: skip


def test_every_closed_list_of_the_server_has_french_words():
    assert sorted(closed_lists() - french().keys()) == []


def test_every_refusal_of_a_reviewers_act_has_french_words():
    codes = {code for file in REFUSING for code in re.findall(r'code="(\w+)"', file.read_text("utf-8"))}
    beside = {"already_reported", "already_appealed", "appeal_too_late", "not_appealable"}  # of reports and appeals

    assert sorted(codes - beside - french("REFUSALS").keys()) == []


def test_the_handbook_speaks_of_every_category_in_both_languages():
    entries = handbook()

    assert {each.value for each in Category} | {"none"} == entries.keys()
    assert all(entry[name].strip() for entry in entries.values() for name in ("title", "title_fr", "text", "text_fr"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Desk]:
    with running(tmp_path_factory.mktemp("console")) as started:
        yield started


@pytest.fixture
def french_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, locale="fr-FR")
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.mark.browser
def test_a_french_browser_gets_a_french_console(french_page, desk):
    page = french_page
    desk.hold("un renard dans la neige")
    come_in(page, desk)
    assert page.evaluate("document.documentElement.lang") == "fr"
    expect(page.locator("#queue-title")).to_have_text("File")
    expect(page.locator("#cases li").first).to_contain_text("retenu")

    page.keyboard.press("n")
    expect(page.locator("#case-title")).to_contain_text("gravité")
    expect(page.locator("#acts")).to_contain_text("publier")
    expect(page.locator("#case-body")).to_contain_text("Ce que chaque modèle a vu")
    expect(page.locator("#case-body")).to_contain_text("un renard dans la neige")
    expect(page.locator("#case-body")).to_contain_text("ouvert · à vous")
    for said in (
        "promesse maison : un clip retenu en 24 heures", "images · sang 0.81",
        "aucun modèle ne cherche ceci : armes ; à retenir",
        "clip: images · sang, 0.81 par m@1 : peau nue comme dans des images pour adultes", "Règle : Sang",
        "Pas de plaies ouvertes", "personne n’y est déclaré", "quelqu’un: retenu pour examen", "Score le plus sûr",
    ):  # fmt: skip
        expect(page.locator("#case-body")).to_contain_text(said)
    page.keyboard.press("x")
    expect(page.locator("#said")).to_have_text("refuser : prend effet dans 30 secondes. u le reprend.")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("votre cas suivant")
    found = Axe().run(page).response["violations"]
    assert [f"{each['id']}: {each['help']}" for each in found if each["impact"] in ("serious", "critical")] == []
