"""What people write about the use of their likeness, in English and French, and which prompts it refuses."""

import pytest
from volary.errors import Invalid
from volary.restrictions import breached, rules_of

FORBIDS = [
    ("not in political content", "voting at an election", "a vole in a field"),
    ("never in uniform", "a police officer at the wheel", "a uniquely shaped tree"),
    ("No alcohol, tobacco or weapons", "a glass of wine", "a vine on a wall"),
    ("No alcohol, tobacco or weapons", "with a rifle", "with a riddle"),
    ("don't show me with clowns", "two clowns juggle", "two clouds drift"),
    ("please avoid anything religious", "praying in a temple", "a template on a desk"),
    ("nothing about war", "the war is over", "a warm evening"),
    ("pas de contenu politique", "le président au parlement", "un poulet dans la cour"),
    ("jamais en uniforme", "un soldat marche", "un soleil couchant"),
    ("sans alcool ni tabac", "un verre de bière", "un verre de lait"),
    ("ne me montrez pas sous la douche", "elle prend une douche", "une phrase douce"),
    ("aucune scène violente", "il frappe le mur", "il ouvre le mur"),
    ("n’utilisez rien de religieux", "une prière à l’église", "une prairie fleurie"),
    ("jamais avec des clowns", "deux clowns jonglent", "deux cloches sonnent"),
]
ONLY = [
    ("only outdoors", "on the beach", "in the kitchen"),
    ("just with my dog", "a dog runs", "a bird sings"),
    ("seulement dehors", "dans la forêt", "dans la cuisine"),
    ("uniquement avec des animaux", "un cheval blanc", "une voiture blanche"),
]
DISGUISED = [
    "p0litics", "p0l1t1cs", "роlitiсs", "poli\u200btics", "poli\u00adtics", "ｐｏｌｉｔｉｃｓ", "p o l i t i c s",
    "p.o.l.i.t.i.c.s", "pol!tics", "p̶o̶l̶i̶t̶i̶c̶s̶", "POLITICS", "πolitics rοlιtics роӏіtiсѕ",
]  # fmt: skip


@pytest.mark.parametrize(("written", "breaks", "keeps"), FORBIDS)
def test_what_is_forbidden_is_refused_in_either_language_and_other_words_are_not(written, breaks, keeps):
    rules = rules_of((written,))

    assert breached(rules, breaks).text == written
    assert breached(rules, keeps) is None


@pytest.mark.parametrize(("written", "keeps", "breaks"), ONLY)
def test_only_what_is_named_is_allowed(written, keeps, breaks):
    rules = rules_of((written,))

    assert breached(rules, keeps) is None
    assert breached(rules, breaks).kind == "only"


@pytest.mark.parametrize("word", DISGUISED)
def test_a_forbidden_word_in_disguise_is_what_it_is_read_as(word):
    for written in ("not in political content", "jamais de politique", "never politics"):
        assert breached(rules_of((written,)), f"a hall where {word} is discussed"), written


@pytest.mark.parametrize(
    "prompt",
    [
        "a 4K shot at f/1.8, 24 fps, 35mm",
        "un café à 8 h 30, l’été, à la mer",
        "I saw a 3D b&w U F O",
        "naïve café façade, Ünïcödé",
        "A4 paper, B2 pencil, C3PO",
        "日本の桜",
        "привет, мир",
    ],
)
def test_what_only_looks_odd_is_refused_by_none(prompt):
    every = tuple(text for text, _, _ in FORBIDS)

    assert breached(rules_of(every), prompt) is None


def test_a_topic_is_the_same_in_both_languages():
    for written, said in (("never in uniform", "un soldat"), ("jamais en uniforme", "a soldier")):
        assert breached(rules_of((written,)), said)


@pytest.mark.parametrize("written", ["be nice to me", "soyez gentils", "", " ", "never", "x" * 301])
def test_what_says_nothing_is_refused_when_it_is_written(written):
    with pytest.raises(Invalid):
        rules_of((written,))


def test_the_first_broken_rule_is_told_in_the_persons_own_words():
    rules = rules_of(("never in uniform", "jamais d’alcool"))
    broken = breached(rules, "un verre de vin")

    assert broken.text == "jamais d’alcool"
    assert "jamais d’alcool" in broken.explanation
