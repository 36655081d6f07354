"""Reads every text the prompt classifier is trained, tuned and reported on; it trains nothing.

`python -m inference.train.prompt_data --data DIR --part report --out FILE` writes one part as evaluation rows;
`--writers 1 2` keeps, of our own prompts, those that these writers wrote: a later one's never change an older figure.

One taxonomy (`events.moderation.Category`) for all sets. Rows of a set marked "testing only" in SOURCE.md are
never read here. Sets are split by pair or template, so that twins never lie on both sides of a split.
Left out on purpose: I2P, whose labels say what a model drew rather than what the prompt asks for, and OVERT's
unsafe rows about privacy and copyright, for which the taxonomy has no category.
"""

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from events.moderation import Category
from inference.train.prompt_named import named
from inference.train.prompt_plain import captions

HERE = Path(__file__).parent
SCORED = (
    Category.SEXUAL, Category.VIOLENCE, Category.GORE, Category.SELF_HARM, Category.HATE, Category.HARASSMENT,
    Category.EXTREMISM, Category.ILLICIT, Category.WEAPONS, Category.DECEPTION,
)  # fmt: skip
NAMED = 0.3333  # what a composed prompt counts beside a written one: at 1 they crowded out others' words
Part = Literal["train", "tune", "report"]


@dataclass(frozen=True)
class Row:
    """One labelled text. `unknown` names categories whose truth the set does not say; they are left out of the loss.

    `writer` numbers who wrote one of our own prompts, or when; 0 is anybody else.
    """

    id: str
    text: str
    lang: str
    group: str
    split_key: str
    unsafe: frozenset[Category] = frozenset()
    unknown: frozenset[Category] = frozenset()
    weight: float = 1.0
    writer: int = 0

    @property
    def part(self) -> Part:
        """Train 70 %, tune 15 %, report 15 %, decided by a hash of what must stay together."""
        place = int(hashlib.sha256(self.split_key.encode()).hexdigest()[:8], 16) % 100
        return "train" if place < 70 else "tune" if place < 85 else "report"


def own_rows() -> list[Row]:
    """The prompts written for this project: unsafe and benign twins in English and French, and hard benign ones."""
    rows: list[Row] = []
    for number, (writer, line) in enumerate(_written(HERE / "prompt_pairs.tsv")):
        category, *texts = line.split("\t")
        for text, name in zip(texts, ("unsafe-en", "benign-en", "unsafe-fr", "benign-fr"), strict=True):
            label, lang = name.split("-")
            unsafe = frozenset({Category(category)}) if label == "unsafe" else frozenset[Category]()
            group = "core" if unsafe else "twin"
            row = Row(f"own-{number}-{name}", text, lang, group, f"own-{number}", unsafe, _near(category))
            rows.append(replace(row, writer=writer))
    more = (("hard_benign", "prompt_benign.tsv"), ("speech", "prompt_speech.tsv"), ("sign", "prompt_signs.tsv"))
    rows += [row for group, name in more for row in _own_benign(group, name)]
    return [*rows, *(_capitals(row) for row in rows if row.group == "sign")]


def shared_rows(data: Path) -> list[Row]:
    """Every set of `$VOLARY_DATA` that may train weights that ship."""
    return [*_overt(data), *_openai(data), *_hatecheck(data), *_strongreject(data), *_words(data), *_benign(data)]


def _own_benign(group: str, name: str) -> Iterator[Row]:
    for number, (writer, line) in enumerate(_written(HERE / name)):
        lang, text = line.split("\t")
        yield Row(f"own-{group}-{number}", text, lang, group, f"own-{group}-{number}", writer=writer)


def _capitals(row: Row) -> Row:
    """The same sign as most are painted, in the same part."""
    return replace(row, id=f"{row.id}-capitals", text=row.text.upper())


def composed_rows() -> list[Row]:
    """Plain harmless captions of `prompt_plain`."""
    return [
        Row(f"plain-{lang}-{number}", text, lang, "plain_benign", key, weight=0.7)
        for lang, count in (("fr", 1200), ("en", 500))
        for number, (text, key) in enumerate(captions(lang, count, 20261122))
    ]


def named_rows() -> list[Row]:
    """Prompts of `prompt_named` that name a group of people; of each, what is said stays in one part."""
    return [
        Row(
            f"own-named-{each.frame}-{each.who}-{'benign' if each.kind == 'twin' else each.kind}-{each.lang}",
            each.text,
            each.lang,
            f"named_{each.kind}",
            f"named-{each.frame}",
            frozenset({Category.HATE}) if each.kind == "unsafe" else frozenset(),
            _near("hate"),
            NAMED,
        )
        for each in named()
    ]


def _near(category: str) -> frozenset[Category]:
    """Categories that a prompt of this one may well belong to too; not counted against the model."""
    close = {
        "violence": {"gore", "hate", "extremism", "illicit"},
        "gore": {"violence", "self_harm"},
        "self_harm": {"violence", "gore"},
        "sexual": {"violence", "illicit", "harassment"},
        "hate": {"harassment", "extremism", "violence"},
        "harassment": {"hate", "violence", "illicit"},
        "extremism": {"hate", "violence", "weapons"},
        "illicit": {"weapons", "violence", "deception"},
        "weapons": {"illicit", "violence", "extremism"},
        "deception": {"illicit", "harassment"},
    }
    return frozenset(Category(name) for name in close[category])


_OVERT = {
    "violence": Category.VIOLENCE, "sexual_content": Category.SEXUAL, "self_harm": Category.SELF_HARM,
    "illegal_activities": Category.ILLICIT, "discrimination": Category.HATE,
}  # fmt: skip


def _overt(data: Path) -> Iterator[Row]:
    for row in _json(data / "moderation" / "overt_dev70.jsonl"):
        category = _OVERT.get(row["category"])
        if row["label"] == "benign":
            yield Row(row["id"], row["text"], "en", "overt_benign", row["id"])
        elif category:
            others = frozenset(SCORED) - {category}
            yield Row(row["id"], row["text"], "en", "overt_unsafe", row["id"], frozenset({category}), others, 0.5)


_OPENAI = {
    "S": Category.SEXUAL, "H": Category.HATE, "V": Category.VIOLENCE, "HR": Category.HARASSMENT,
    "SH": Category.SELF_HARM, "H2": Category.HATE, "V2": Category.GORE,
}  # fmt: skip


def _openai(data: Path) -> Iterator[Row]:
    for row in _json(data / "moderation" / "openai_moderation_1680.jsonl"):
        unsafe = frozenset(_OPENAI[flag] for flag, value in row["flags"].items() if value == 1)
        unknown = frozenset(_OPENAI[flag] for flag, value in row["flags"].items() if value is None)
        group = "general_unsafe" if unsafe else "general_benign"
        yield Row(row["id"], row["text"], row["lang"], group, row["id"], unsafe, unknown, 0.5)


def _hatecheck(data: Path) -> Iterator[Row]:
    """Split by target group and functionality: the rows of one are the same sentence with a word changed."""
    for name in ("hatecheck_en", "mhc_spanish_german"):
        for row in _json(data / "moderation" / f"{name}.jsonl"):
            unsafe = frozenset({Category.HATE}) if row["label"] == "unsafe" else frozenset[Category]()
            unknown = frozenset({Category.HARASSMENT, Category.VIOLENCE, Category.EXTREMISM})
            group = "hatecheck_unsafe" if unsafe else "hatecheck_benign"
            key = f"hatecheck-{row['functionality']}-{row.get('target')}"
            yield Row(row["id"], row["text"], row["lang"], group, key, unsafe, unknown, 0.15)


_STRONGREJECT = {
    "Non-violent crimes": Category.ILLICIT, "Violence": Category.VIOLENCE, "Sexual content": Category.SEXUAL,
    "Disinformation and deception": Category.DECEPTION, "Illegal goods and services": Category.ILLICIT,
    "Hate, harassment and discrimination": Category.HATE,
}  # fmt: skip


def _strongreject(data: Path) -> Iterator[Row]:
    for row in _json(data / "moderation" / "strongreject.jsonl"):
        unsafe = _STRONGREJECT[row["category"]]
        others = frozenset(SCORED) - {unsafe}
        yield Row(row["id"], row["text"], "en", "llm_unsafe", row["id"], frozenset({unsafe}), others, 0.7)


def _words(data: Path) -> Iterator[Row]:
    """Obscene words as texts of their own. Other languages than English and French help the word hashes only."""
    others = frozenset(SCORED) - {Category.SEXUAL}
    for lang in ("en", "fr", "es", "de"):
        for number, word in enumerate(_lines(data / "moderation" / "wordlists" / f"ldnoobw_{lang}.txt")):
            key = f"word-{lang}-{number}"
            yield Row(key, word, lang, "word_unsafe", key, frozenset({Category.SEXUAL}), others, 0.2)


def _benign(data: Path) -> Iterator[Row]:
    for name, weight in (("vbench", 1.0), ("vbench_long", 1.0), ("partiprompts", 1.0), ("coco_captions", 0.6)):
        for row in _json(data / "prompts" / f"{name}.jsonl"):
            yield Row(row["id"], row["text"], "en", "plain_benign", row["id"], weight=weight)


def _json(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]


def _written(path: Path) -> Iterator[tuple[int, str]]:
    """Who wrote each line, and the line: a comment "# writer 2" names who wrote the lines below it."""
    writer = 0
    for line in path.read_text("utf-8").splitlines():
        if named := re.fullmatch(r"# writer (\d+)", line):
            writer = int(named[1])
        elif line.strip() and not line.startswith("#"):
            yield writer, line


def evaluation_rows(rows: list[Row], part: Part, most: int) -> Iterator[dict[str, str]]:
    """At most `most` rows a group of one part, chosen by their hash, as `inference.safety.evaluation` reads them.

    `other` is the same prompt in the other language, where there is one.
    """
    taken = Counter[str]()
    texts = {row.id: row.text for row in rows if row.id.startswith("own-")}
    languages = {"en": "fr", "fr": "en"}
    translated = {id_: texts.get(f"{id_[:-2]}{languages.get(id_[-2:])}", "") for id_ in texts}
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.id.encode()).hexdigest()):
        if row.part == part and taken[row.group] < most:
            taken[row.group] += 1
            category = "+".join(sorted(row.unsafe)) or "none"
            label = "unsafe" if row.unsafe else "benign"
            found = {"id": row.id, "text": row.text, "label": label, "category": category}
            yield {**found, "group": row.group, "lang": row.lang, "other": translated.get(row.id, "")}


def main() -> None:
    """Write one part."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="the folder that holds moderation/ and prompts/")
    options.add_argument("--part", choices=["train", "tune", "report"], default="report")
    options.add_argument("--most", type=int, default=300, help="rows a group")
    options.add_argument("--groups", nargs="*", default=[], metavar="GROUP", help="only rows of these groups")
    options.add_argument("--writers", nargs="*", type=int, default=[], metavar="N", help="of our own, only theirs")
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    found = [*own_rows(), *named_rows(), *composed_rows(), *shared_rows(chosen.data)]
    asked = [row for row in found if not chosen.groups or row.group in chosen.groups]
    asked = [row for row in asked if not chosen.writers or row.writer in {0, *chosen.writers}]
    rows = evaluation_rows(asked, chosen.part, chosen.most)
    chosen.out.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
