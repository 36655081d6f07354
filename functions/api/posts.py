"""Posts and the feed: finished clips that their makers show to everybody, and what was made from them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from volary import feed
from volary.accounts import Viewer
from volary.errors import Absent, Invalid
from volary.ports import Range, Services
from volary.remix import ancestors
from volary.stores.accounts import Accounts
from volary.stores.likenesses import standing_of
from volary.stores.videos import Videos, feed_position
from volary.videos import Video, may_serve

from functions.api.asks import Body
from functions.api.authentication import CurrentServices, CurrentViewer, CurrentVisitor
from functions.api.calls import After, Limit, posted, takes
from functions.api.once import Once
from functions.api.resources import VideoResource, page
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
    """One term of an item's score. Today the feed knows one: the newest first."""

    term: Literal["newest"] = "newest"
    value: int


class Post(BaseModel):
    """A posted clip; it has the id of its video. `why` is empty outside the feed."""

    id: str
    object: Literal["post"] = "post"
    created_at: int
    author: Author
    video: VideoResource
    why: list[Why] = []


class PostList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Post]
    first_id: str | None
    last_id: str | None
    has_more: bool


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
            if len(self._known) >= MOST_AUTHORS:
                self._known.clear()
            self._known[user_id] = (minute, author)
        return author


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
    return _shown(posting.post(body.video_id, viewer, services), viewer, services, authors)


@router.get("/posts/{post_id}", operation_id="retrieve_post")
async def retrieve(post_id: str, viewer: CurrentVisitor, services: CurrentServices, authors: CurrentAuthors) -> Post:
    return _shown(_post(post_id, viewer, services), viewer, services, authors)


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


@router.get("/feed", operation_id="retrieve_feed")
async def read_feed(
    viewer: CurrentVisitor,
    services: CurrentServices,
    authors: CurrentAuthors,
    limit: Limit = 20,
    after: After = None,
) -> PostList:
    """The newest posts, open to everybody."""
    store = Videos(services.items)
    span = Range(after=_place(after, store) if after else None, limit=limit + 1, newest_first=True)
    candidates = store.public(span)
    found = feed.page(candidates, viewer, standing_of(candidates, services), limit + 1)
    known = [video for video in found if authors.get(video.owner_id, services)]
    posts = [_ranked(_shown(video, viewer, services, authors)) for video in known]
    return PostList.model_validate(page(posts, limit))


def _place(post_id: str, store: Videos) -> str:
    try:
        video = store.get(post_id)
    except Absent:
        video = None
    if video is None or video.posted_at is None:
        raise Invalid(f"after {post_id!r} is not a post; start again without it", param="after")
    return feed_position(video)


def _post(post_id: str, viewer: Viewer, services: Services) -> Video:
    video = Videos(services.items).get(post_id)
    if video.posted_at is None or not may_serve(video, viewer, standing_of([video], services)):
        raise Absent(f"there is no post {post_id}")
    return video


def _relative(video: Video, viewer: Viewer, services: Services) -> Relative:
    is_let = may_serve(video, viewer, standing_of([video], services))
    return Relative(id=video.id, video=told(video, viewer, services, Line()) if is_let else None)


def _ranked(post: Post) -> Post:
    return post.model_copy(update={"why": [Why(value=post.created_at)]})


def _author(user_id: str, services: Services) -> Author | None:
    try:
        account = Accounts(services.items).get(user_id)
    except Absent:
        return None
    return Author(id=account.user_id, handle=account.handle) if account.status == "active" else None


def _shown(video: Video, viewer: Viewer, services: Services, authors: Authors) -> Post:
    author = authors.get(video.owner_id, services)
    if author is None:
        raise Absent(f"there is no post {video.id}")
    return Post(
        id=video.id,
        created_at=video.posted_at or video.created_at,
        author=author,
        video=told(video, viewer, services, Line()),
    )
