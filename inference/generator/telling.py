"""A plan in the plain words that the transformer was taught: whatever way a prompt says a thing, the network that draws
it reads it the one way it knows best."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str]]  # attribute -> value -> phrase

_ORDER = ("size", "colour", "subject", "action", "setting", "time", "weather")
_WORN = "in {}"  # how a person has a colour


def told(words: Words, named: Mapping[str, str], people: tuple[str, ...]) -> str:
    """One English sentence that says every attribute in `named` that there are words for."""
    phrases = {name: words[name][value] for name, value in named.items() if name in words}
    order = [name for name in _ORDER if name in phrases]
    if named.get("subject") in people and "colour" in phrases:
        phrases["colour"] = _WORN.format(phrases["colour"])
        order.remove("colour")
        order.insert(order.index("subject") + 1, "colour")
    body = " ".join(phrases[name] for name in order)
    extras = [phrases[name] for name in ("camera", "style") if name in phrases]
    return ", ".join([f"{'an' if body[:1] in 'aeiou' else 'a'} {body}", *extras])
