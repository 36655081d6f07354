"""What a link says that the read gate judged, as text: the clip and everybody in it, each by its version then."""

import re
from collections.abc import Mapping

from volary.errors import Invalid

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ONE = re.compile(rf"({NAME.pattern})\.([0-9]{{1,9}})")


def spelt(judged: Mapping[str, int]) -> str:
    """`name.version` of each, joined by "~": characters that no URL escapes."""
    return "~".join(f"{spelt_name(name)}.{version}" for name, version in judged.items())


def spelt_name(name: str) -> str:
    """`name` itself; raises Invalid where whoever serves files would not read it."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{name!r} cannot be named in a link")
    return name


def read(text: str) -> dict[str, int]:
    """What `spelt` wrote; raises Invalid for anything else."""
    found = [_ONE.fullmatch(part) for part in text.split("~")]
    parts = [(one[1], int(one[2])) for one in found if one is not None]
    if len(parts) < len(found) or len(dict(parts)) < len(parts):
        raise Invalid(f"{text!r} does not say what was judged")
    return dict(parts)
