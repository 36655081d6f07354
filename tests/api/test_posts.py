"""Posts, the feed and lineage: what everybody sees, and what must not be among it."""

from volary.ports import Put
from volary.stores.accounts import Accounts
from volary.stores.videos import Act, Videos
from volary.videos import SourceClip


def post(world, video_id: str, who: str = "ann"):
    return world.call("POST", "/posts", who, json={"video_id": video_id})


def feed(world, who: str = "nobody", **query) -> dict:
    return world.call("GET", "/feed", who, params=query).json()


def test_a_posted_clip_is_in_everybodys_feed_with_its_maker_and_a_reason(world):
    video_id = world.finished()

    assert post(world, video_id).status_code == 200

    [item] = feed(world)["data"]
    assert (item["id"], item["object"], item["author"]["handle"]) == (video_id, "post", "ann")
    assert item["why"] == [{"term": "newest", "value": item["created_at"], "about": ""}]
    assert world.call("GET", f"/videos/{video_id}/content", "nobody").status_code == 302


def test_posting_twice_is_posting_once(world):
    video_id = world.finished()

    assert post(world, video_id).json() == post(world, video_id).json()
    assert len(feed(world)["data"]) == 1


def test_the_feed_is_walked_newest_first(world):
    made = []
    for _ in range(5):
        made.append(world.finished())
        post(world, made[-1])
        world.clock.pass_seconds(1)

    first = feed(world, limit=3)
    rest = feed(world, limit=3, after=first["last_id"])

    assert [each["id"] for each in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_drafts_held_failed_and_deleted_clips_are_in_nobodys_feed(world):
    draft, held, unfinished, deleted = world.finished(), world.held(), world.asked(), world.finished()
    post(world, deleted)
    world.call("DELETE", f"/videos/{deleted}")

    text = str(feed(world)) + str(feed(world, "bob")) + str(feed(world, "mo"))

    assert not any(video_id in text for video_id in (draft, held, unfinished, deleted))


def test_an_unfinished_clip_cannot_be_posted(world):
    answer = post(world, world.asked())

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "video_not_ready")
    assert answer.headers["x-should-retry"] == "false"


def test_a_post_taken_back_is_private_again(world):
    video_id = world.finished()
    post(world, video_id)

    answer = world.call("DELETE", f"/posts/{video_id}")

    assert answer.json() == {"id": video_id, "object": "post.deleted", "deleted": True}
    assert feed(world)["data"] == []
    assert world.call("GET", f"/videos/{video_id}", "bob").status_code == 404
    assert world.call("GET", f"/posts/{video_id}").status_code == 404


def test_paging_after_what_is_no_post_is_refused(world):
    assert world.call("GET", "/feed", params={"after": world.finished()}).status_code == 400
    assert world.call("GET", "/feed", params={"after": "video_none"}).status_code == 400


def test_lineage_is_read_both_ways_and_hides_what_one_may_not_see(world):
    root = world.finished(visibility="public")
    child = world.call("POST", f"/videos/{root}/remix", "bob", json={"prompt": "x"}).json()["id"]
    shown = world.call("GET", f"/posts/{root}/lineage", "nobody").json()

    assert shown["ancestors"] == []
    assert child not in str(shown)


def test_a_removed_ancestor_keeps_its_place_without_its_words(world):
    root = world.finished(visibility="public", prompt="secret words")
    child = world.finished("bob", visibility="public")
    store = Videos(world.home.items)
    source = SourceClip(use="remix", media="video", video_id=root)
    store.change(store.get(child).model_copy(update={"source": source}), Act(action="test", actor="test", at=1))
    world.call("DELETE", f"/videos/{root}")

    shown = world.call("GET", f"/posts/{child}/lineage", "nobody")

    assert shown.json()["ancestors"] == [{"id": root, "video": None}]
    assert "secret words" not in shown.text


def test_no_page_of_others_shows_what_is_its_owners_alone(world):
    video_id = world.finished(negative_prompt="not this", seed=4242)
    post(world, video_id)

    text = world.call("GET", "/feed", "bob").text

    assert "not this" not in text
    assert "4242" not in text


def test_posts_of_somebody_who_is_suspended_are_shown_to_nobody(world):
    video_id = world.finished()
    post(world, video_id)
    account = Accounts(world.home.items).get("user_ann").model_copy(update={"status": "suspended"})
    world.home.items.write(Put({"pk": "USER#user_ann", "sk": "ACCOUNT", **account.model_dump(mode="json")}))
    world.clock.pass_seconds(60)

    assert feed(world)["data"] == []
    assert world.call("GET", f"/posts/{video_id}", "bob").status_code == 404
