"""Who reviews: the one door that every act of a moderator goes through."""

from volary.accounts import Viewer
from volary.errors import Forbidden

LINK_SECONDS = 300


def demand_moderator(viewer: Viewer) -> None:
    if not viewer.is_moderator():
        raise Forbidden("this needs the role moderator", code="moderator_only")
