"""Posts: finished clips that their makers show to everybody, and what was made from them."""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from volary.accounts import Account, Viewer
from volary.errors import Absent
from volary.ports import Range, Services
from volary.remix import ancestors
from volary.stores.accounts import Accounts
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos
from volary.videos import Video, may_serve

from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer, CurrentVisitor
from functions.api.calls import posted, takes
from functions.api.once import Once
from functions.api.resources import VideoResource
from functions.api.videos import told
from functions.videos import post as posting
from functions.videos.progress import Line

router = APIRouter(tags=["Posts"], route_class=Once)
MOST_CHILDREN = 100
MOST_AUTHORS = 10_000


class CreatePost(Body):
    video_id: str = Field(max_length=200)


class Author(BaseModel):
    id: str
    handle: str


class Why(BaseModel):
    """One term of an item's score; `about` names the wish or the count behind it."""

    term: str
    value: float
    about: str = ""


class Post(BaseModel):
    """A posted clip; it has the id of its video. `why` adds up to `score` in the feed and is empty outside it."""

    id: str
    object: Literal["post"] = "post"
    created_at: int
    author: Author
    video: VideoResource
    why: list[Why] = []
    score: float | None = None


class DeletedPost(BaseModel):
    id: str
    object: Literal["post.deleted"] = "post.deleted"
    deleted: Literal[True] = True


class Relative(BaseModel):
    """A clip in the tree; `video` is null where it was removed or is not for this viewer."""

    id: str
    video: VideoResource | None


class LineageTree(BaseModel):
    """Where a clip comes from, nearest first, and what was made from it, oldest first and at most a hundred."""

    object: Literal["lineage"] = "lineage"
    id: str
    ancestors: list[Relative]
    children: list[Relative]


class Authors:
    """Makers' handles, looked up at most once a minute each: a page of the feed names the same few again and again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Author | None]] = {}

    def get(self, user_id: str, services: Services) -> Author | None:
        """None for somebody who is no more."""
        minute = int(services.clock.now().timestamp()) // 60
        read_at, author = self._known.get(user_id, (-1, None))
        if read_at != minute:
            author = _author(user_id, services)
            self._note(user_id, author, minute)
        return author

    def learn(self, accounts: Iterable[Account], services: Services) -> None:
        """Names that were read already, with the clips of a page."""
        minute = int(services.clock.now().timestamp()) // 60
        for account in accounts:
            self._note(account.user_id, _as_author(account), minute)

    def _note(self, user_id: str, author: Author | None, minute: int) -> None:
        if len(self._known) >= MOST_AUTHORS:
            self._known.clear()
        self._known[user_id] = (minute, author)


async def authors_of(request: Request) -> Authors:
    authors: Authors = request.app.state.authors
    return authors


CurrentAuthors = Annotated[Authors, Depends(authors_of)]


@router.post("/posts", operation_id="create_post", openapi_extra=takes(CreatePost))
async def create(
    body: Annotated[CreatePost, Depends(posted(CreatePost))],
    viewer: CurrentViewer,
    services: CurrentServices,
    authors: CurrentAuthors,
) -> Post:
    return shown(posting.post(body.video_id, viewer, services), viewer, services, authors)


@router.get("/posts/{post_id}", operation_id="retrieve_post")
async def retrieve(post_id: str, viewer: CurrentVisitor, services: CurrentServices, authors: CurrentAuthors) -> Post:
    return shown(_post(post_id, viewer, services), viewer, services, authors)


@router.delete("/posts/{post_id}", operation_id="delete_post")
async def delete(post_id: str, viewer: CurrentViewer, services: CurrentServices) -> DeletedPost:
    """Take the clip out of the feed; it stays its maker's, in private."""
    return DeletedPost(id=posting.unpost(post_id, viewer, services).id)


@router.get("/posts/{post_id}/lineage", operation_id="retrieve_lineage")
async def lineage(post_id: str, viewer: CurrentVisitor, services: CurrentServices) -> LineageTree:
    store = Videos(services.items)
    video = _post(post_id, viewer, services)
    children = [store.get(child) for child in store.children(video.id, Range(limit=MOST_CHILDREN))]
    standing = standing_of(children, services)
    shown = [child for child in children if may_serve(child, viewer, standing)]
    return LineageTree(
        id=video.id,
        ancestors=[_relative(each, viewer, services) for each in ancestors(video, store)],
        children=[_relative(each, viewer, services) for each in shown],
    )


def _post(post_id: str, viewer: Viewer, services: Services) -> Video:
    video = Videos(services.items).get(post_id)
    if video.posted_at is None or not may_serve(video, viewer, standing_of([video], services)):
        raise Absent(f"there is no post {post_id}")
    return video


def _relative(video: Video, viewer: Viewer, services: Services) -> Relative:
    is_let = may_serve(video, viewer, standing_of([video], services))
    return Relative(id=video.id, video=told(video, viewer, services, Line()) if is_let else None)


def _author(user_id: str, services: Services) -> Author | None:
    try:
        return _as_author(Accounts(services.items).get(user_id))
    except Absent:
        return None


def _as_author(account: Account) -> Author | None:
    return Author(id=account.user_id, handle=account.handle) if account.status == "active" else None


def shown(video: Video, viewer: Viewer, services: Services, authors: Authors) -> Post:
    author = authors.get(video.owner_id, services)
    if author is None:
        raise Absent(f"there is no post {video.id}")
    return Post(
        id=video.id,
        created_at=video.posted_at or video.created_at,
        author=author,
        video=told(video, viewer, services, Line()),
    )
