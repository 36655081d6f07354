"""Reviewers at work over HTTP: claims, two people, undo, effects, what authors are told, appeals, notices, clocks."""

import pytest
from volary.accounts import ANYONE
from volary.ports import Range
from volary.review.reasons import faults
from volary.stores.accounts import Accounts
from volary.stores.reviews import Reviews
from volary.stores.videos import Screening
from volary.videos import may_serve

from local.commands.review import said


def code(answer) -> str:
    return answer.json()["error"]["code"]


def test_a_case_is_decided_by_who_claimed_it(desk):
    case_id = desk.world.held()

    unclaimed = desk.act(case_id, "decide", "mo", action="release")
    assert desk.act(case_id, "claim", "mo").json()["claim"] == "yours"
    taken = desk.act(case_id, "claim", "max")

    assert (code(unclaimed), code(taken)) == ("not_claimed", "claimed")
    assert desk.act(case_id, "decide", "max", action="release").status_code == 409
    desk.world.clock.pass_seconds(901)  # the lease runs out
    assert desk.act(case_id, "claim", "max").status_code == 200


def test_the_command_says_which_screening_of_a_held_clip_never_came(desk):
    case_id = desk.world.held()
    screened = Screening(what="media", verdict="pass", policy_version="1", at=1)
    desk.world.home.items.write(desk.videos.screening_write(case_id, screened))

    told = said(desk.reviews.get(case_id), desk.world.home.services)

    assert "media: pass" in told
    assert "prompt: not judged: the screening failed or was late" in told


def test_a_decision_takes_effect_after_its_time_and_can_be_taken_back_before(desk):
    case_id = desk.world.held()
    desk.decided(case_id, "release")
    desk.enact(10)
    assert desk.videos.get(case_id).gate == "hold"

    assert desk.act(case_id, "undo", "mo").json()["status"] == "open"
    desk.enact()
    assert desk.videos.get(case_id).gate == "hold"

    desk.decided(case_id, "reject")
    desk.enact()
    assert desk.videos.get(case_id).gate == "block"
    assert code(desk.act(case_id, "undo", "mo")) == "took_effect"


def test_only_who_decided_or_a_senior_takes_a_decision_back(desk):
    case_id = desk.removed(desk.world.finished(visibility="public"))

    assert code(desk.act(case_id, "undo", "max")) == "senior_only"
    assert desk.act(case_id, "undo", "sue").status_code == 200


def test_a_removed_clip_is_gone_for_everybody_and_comes_back_when_undone(desk):
    video_id = desk.world.finished(visibility="public")
    case_id = desk.removed(video_id)
    assert desk.world.call("GET", f"/posts/{video_id}", "bob").status_code == 404
    assert video_id not in desk.world.call("GET", "/feed", "bob").text
    assert desk.world.call("GET", f"/videos/{video_id}/content", "ann").status_code != 302

    desk.world.clock.pass_seconds(1)
    desk.act(case_id, "undo", "mo")

    assert desk.world.call("GET", f"/posts/{video_id}", "bob").status_code == 200
    assert [each["action"] for each in desk.told()] == ["overturn", "remove"]
    assert "review.undone" in desk.logged()
    assert all(strike.lifted for strike in desk.reviews.strikes("user_ann"))


@pytest.mark.parametrize("action", ["erase", "suspend"])
def test_what_cannot_be_undone_needs_a_second_person(desk, action):
    video_id = desk.world.finished(visibility="public")
    case_id = desk.noticed(video_id)
    assert desk.decided(case_id, action).json()["needs_second"] is True
    desk.enact()
    assert desk.videos.get(video_id).deleted_at is None

    assert code(desk.act(case_id, "claim", "mo")) == "second_reviewer"
    assert desk.decided(case_id, action, "max").json()["status"] == "decided"
    desk.enact()

    if action == "erase":
        assert desk.videos.get(video_id).deleted_at is not None
    else:
        assert Accounts(desk.world.home.items).get("user_ann").status == "suspended"
        assert desk.world.call("GET", "/me", "ann").status_code == 403


def test_two_who_disagree_leave_it_to_a_senior(desk):
    case_id = desk.noticed(desk.world.finished(visibility="public"))
    desk.decided(case_id, "erase")
    answer = desk.decided(case_id, "keep", "max").json()

    assert (answer["status"], answer["is_escalated"]) == ("open", True)
    assert desk.act(case_id, "claim", "mo").status_code in (403, 404)
    assert desk.decided(case_id, "keep", "sue").json()["status"] == "decided"


def test_the_second_person_does_not_see_what_the_first_decided(desk):
    case_id = desk.noticed(desk.world.finished(visibility="public"))
    desk.decided(case_id, "erase")

    seen = desk.world.call("GET", f"/moderation/cases/{case_id}", "max").json()

    assert seen["needs_second"] is True
    assert [each["what"] for each in seen["history"]] == ["noticed", "claimed", "proposed"]
    assert seen["decided"] is None


def test_every_restriction_has_a_statement_a_notice_and_a_log_entry(desk):
    video_id = desk.world.finished(visibility="public")
    desk.removed(video_id)

    [notice] = desk.told()
    statement = desk.world.call("GET", f"/moderation/statements/{notice['statement_id']}", "ann").json()

    assert list(faults(statement)) == []
    assert statement["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert statement["source_type"] == "SOURCE_ARTICLE_16"
    assert "user_ann" not in str(statement) and "me@example.org" not in str(statement)
    assert f"/appeal/#{notice['id']}" in notice["text"]
    assert desk.logged() == ["notice.received", "review.remove"]
    assert desk.log.opening(notice["transparency_id"]).details["subject"] == video_id
    assert desk.world.call("GET", f"/moderation/statements/{notice['statement_id']}", "bob").status_code == 404


def test_a_notice_to_an_author_is_in_their_language(desk):
    desk.removed(desk.world.finished(visibility="public"))

    assert desk.told(**{"accept-language": "fr-CA,fr;q=0.9"})[0]["text"].startswith("Votre clip n’est plus montré.")
    assert desk.told(**{"accept-language": "de,en;q=0.5"})[0]["text"].startswith("Your clip is no longer shown.")


def test_an_appeal_goes_to_somebody_else_and_can_be_won(desk):
    video_id = desk.world.finished(visibility="public")
    desk.removed(video_id)
    [notice] = desk.told()
    assert desk.post("/moderation/appeals", "bob", notice_id=notice["id"], text="mine").status_code == 404

    appeal_id = desk.post("/moderation/appeals", "ann", notice_id=notice["id"], text="It is a painting.").json()["id"]

    assert code(desk.post("/moderation/appeals", "ann", notice_id=notice["id"], text="again")) == "already_appealed"
    assert desk.act(appeal_id, "claim", "mo").status_code == 404
    assert appeal_id not in desk.world.call("GET", "/moderation/queue", "mo").text
    assert desk.decided(appeal_id, "overturn", "max").status_code == 200
    desk.enact()
    assert desk.world.call("GET", f"/posts/{video_id}", "bob").status_code == 200
    assert desk.world.call("GET", "/moderation/figures", "mo").json()["overturned"] == 1.0


def test_a_suspended_person_reads_why_and_appeals_and_is_reinstated_when_they_win(desk):
    """Suspended, they may do this and nothing else; a third person decides, for both of the first are barred."""
    case_id = desk.noticed(desk.world.finished(visibility="public"))
    desk.decided(case_id, "suspend")
    desk.decided(case_id, "suspend", "max")
    desk.enact()
    assert code(desk.world.call("GET", "/videos", "ann")) == "account_suspended"
    assert code(desk.post("/posts", "ann", video_id="x")) == "account_suspended"

    notice = desk.told()[0]
    assert notice["action"] == "suspend"
    statement = desk.world.call("GET", f"/moderation/statements/{notice['statement_id']}", "ann").json()
    assert statement["decision_account"] == "DECISION_ACCOUNT_SUSPENDED"
    appeal_id = desk.post("/moderation/appeals", "ann", notice_id=notice["id"], text="It was art.").json()["id"]
    assert [desk.act(appeal_id, "claim", who).status_code for who in ("mo", "max")] == [404, 404]

    assert desk.decided(appeal_id, "overturn", "sue").status_code == 200
    desk.enact()
    assert desk.world.call("GET", "/me", "ann").status_code == 200


def test_an_appeal_comes_too_late_after_half_a_year(desk):
    desk.removed(desk.world.finished(visibility="public"))
    [notice] = desk.told()
    desk.world.clock.pass_seconds(184 * 86_400)
    desk.world.tokens["ann"] = desk.world.home.identity.issue("user_ann")

    assert code(desk.post("/moderation/appeals", "ann", notice_id=notice["id"], text="x")) == "appeal_too_late"


def test_a_notice_needs_no_account_and_hides_copies_and_remixes(desk):
    video_id = desk.world.finished(visibility="public")
    remix = desk.world.call("POST", f"/videos/{video_id}/remix", "bob", json={"prompt": "x", "visibility": "public"})
    copy_id = desk.world.finished("bob", visibility="public")
    mark = desk.videos.get(video_id).record
    desk.world.home.items.transact(desk.reviews.copy_writes(copy_id, "e" * 64, mark))

    case_id = desk.removed(video_id)

    hidden = [desk.videos.get(each).hidden_by for each in (video_id, remix.json()["id"], copy_id)]
    assert hidden == [case_id] * 3
    assert not may_serve(desk.videos.get(copy_id), ANYONE)
    assert desk.world.client.get(f"/v1/notices/{case_id}").json()["outcome"] == "removed"


@pytest.mark.parametrize("region", ["US", "IN"])
def test_an_undecided_notice_is_hidden_before_its_clock_runs_out(desk, region):
    video_id = desk.world.finished(visibility="public")
    case_id = desk.noticed(video_id, region=region)
    case = desk.reviews.get(case_id)
    assert case.due_at - case.opened_at == {"US": 48, "IN": 2}[region] * 3600

    desk.enact(case.hides_at - case.opened_at - 1)
    assert desk.videos.get(video_id).hidden_by is None
    desk.enact(1)

    assert desk.videos.get(video_id).hidden_by == case_id
    assert desk.world.clock.now().timestamp() < case.due_at
    assert "review.hidden" in desk.logged()
    desk.world.tokens["mo"] = desk.world.home.identity.issue("user_mo")
    desk.decided(case_id, "keep")
    desk.enact()
    assert desk.videos.get(video_id).hidden_by is None


@pytest.mark.parametrize("change", [
    {"good_faith": False}, {"statement": "  "}, {"signature": ""}, {"contact": "nowhere"}, {"ground": "fun"},
    {"content": "no such clip"}, {"content": "video_0123456789abcdef"}, {"region": "usa"},
], ids=str)  # fmt: skip
def test_a_void_notice_is_refused(desk, change):
    video_id = desk.world.finished(visibility="public")
    answer = desk.world.client.post("/v1/notices", json={**desk.notice, "content": video_id, **change})

    assert answer.status_code in (400, 404)
    assert desk.world.home.items.query_index("gsi2", "CASES#OPEN", Range()) == []


def test_a_report_opens_a_case_once_that_its_sender_may_not_decide(desk):
    video_id = desk.world.finished(visibility="public")
    case_id = desk.post(f"/posts/{video_id}/report", "mo", ground="harassment", text="look").json()["id"]

    assert code(desk.post(f"/posts/{video_id}/report", "mo", ground="other")) == "already_reported"
    assert desk.act(case_id, "claim", "mo").status_code == 404
    assert desk.act(case_id, "claim", "max").status_code == 200


def test_a_report_shows_its_words_and_how_its_senders_earlier_ones_ended(desk):
    first, second = (desk.world.finished(visibility="public") for _ in range(2))
    before = desk.post(f"/posts/{first}/report", "mo", ground="harassment", text="they mock me").json()["id"]
    assert desk.world.call("GET", f"/moderation/cases/{before}", "max").json()["report"] == {
        "words": "they mock me", "earlier": 0, "decided": 0, "upheld": 0
    }  # fmt: skip
    desk.decided(before, "remove", "max")
    desk.enact()
    after = desk.post(f"/posts/{second}/report", "mo", ground="harassment", text="again").json()["id"]

    told = desk.world.call("GET", f"/moderation/cases/{after}", "max").json()

    assert told["report"] == {"words": "again", "earlier": 1, "decided": 1, "upheld": 1}
    assert "mo" not in told["report"].values()
    assert desk.world.call("GET", f"/moderation/cases/{desk.world.held()}", "max").json()["report"] is None


def test_many_cases_are_previewed_before_they_are_decided(desk):
    ids = [desk.world.held() for _ in range(3)]
    for case_id in ids[:2]:
        desk.act(case_id, "claim", "mo")
    body = {"case_ids": ids, "action": "reject", "explanation": "All three are the same."}

    preview = desk.post("/moderation/decisions", "mo", **body).json()
    assert [each["is_possible"] for each in preview["data"]] == [True, True, False]
    assert {desk.reviews.get(each).status for each in ids} == {"open"}

    desk.post("/moderation/decisions", "mo", **body, preview=False)
    assert [desk.reviews.get(each).status for each in ids] == ["decided", "decided", "open"]


def test_the_queue_says_that_there_is_more_behind_ones_own_clips(desk):
    """A page that held the moderator's own clips once ended the list early."""
    for who in ("mo", "mo", "mo", "ann", "ann"):
        desk.world.held(who)
        desk.world.clock.pass_seconds(1)

    first = desk.world.call("GET", "/moderation/queue", "mo", params={"limit": 1}).json()
    rest = desk.world.call("GET", "/moderation/queue", "mo", params={"limit": 5, "after": first["last_id"]}).json()

    assert (len(first["data"]), first["has_more"]) == (1, True)
    assert (len(rest["data"]), rest["has_more"]) == (1, False)


def test_next_is_the_most_urgent_and_graver_harms_come_first(desk):
    old = desk.noticed(desk.world.finished(visibility="public"), ground="other")
    desk.world.clock.pass_seconds(60)
    grave = desk.noticed(desk.world.finished(visibility="public"), ground="minors")

    assert desk.post("/moderation/queue/next", "mo").json()["id"] == grave
    assert desk.post("/moderation/queue/next", "max").json()["id"] == old
    assert code(desk.post("/moderation/queue/next", "sue")) == "queue_empty"


def test_a_break_is_enforced(desk):
    answers = []
    for _ in range(10):
        case_id = desk.noticed(desk.world.finished(visibility="public"), ground="minors")
        answers.append(desk.act(case_id, "claim", "mo"))
        desk.world.clock.pass_seconds(30)

    refused = [each for each in answers if each.status_code == 429]
    assert [each.status_code for each in answers[:8]] == [200] * 8
    assert {code(each) for each in refused} == {"break_due"}
    assert int(refused[0].headers["retry-after"]) <= 600
    desk.world.clock.pass_seconds(600)
    assert desk.act(case_id, "claim", "mo").status_code == 200


def test_reviewers_go_by_pseudonyms(desk):
    case_id = desk.world.held()
    desk.act(case_id, "claim", "mo")
    desk.act(case_id, "notes", "mo", text="seen before")
    desk.act(case_id, "put_back", "mo")

    seen = desk.world.call("GET", f"/moderation/cases/{case_id}", "max")
    name = desk.world.call("GET", "/moderation/shift", "mo").json()["pseudonym"]

    assert "user_mo" not in seen.text
    assert seen.json()["notes"][0]["by"] == name
    audit = desk.world.call("GET", "/moderation/audit", "sue")
    assert name in audit.text and "user_mo" not in audit.text


def test_a_clip_that_its_owner_deleted_leaves_the_queue(desk):
    case_id = desk.world.held()
    desk.world.call("DELETE", f"/videos/{case_id}", "ann")

    assert desk.world.call("GET", "/moderation/queue", "mo").json()["data"] == []
    assert code(desk.post("/moderation/queue/next", "mo")) == "queue_empty"
    assert desk.reviews.get(case_id).status == "done"


def test_looking_costs_exposure_and_leaves_an_entry_with_its_reason(desk):
    case_id = desk.world.held()
    path = f"/moderation/cases/{case_id}/link"
    answer = desk.world.call("GET", path, "mo", params={"reason": "sound is needed"})

    assert answer.json()["url"].startswith("http")
    assert desk.videos.audit(case_id)[-1].detail == "video: sound is needed"
    assert desk.world.call("GET", "/moderation/shift", "mo").json()["points"] > 0


def test_strikes_expire(desk):
    desk.removed(desk.world.finished(visibility="public"))
    [strike] = desk.reviews.strikes("user_ann")
    from volary.review import strikes

    terms = strikes.shipped_terms().model_dump()
    with pytest.raises(ValueError, match="severities 1 to 5"):
        strikes.terms_from({**terms, "life_days": {1: 0}})
    assert strikes.standing([strike], strike.expires_at - 1) == 1
    assert strikes.standing([strike], strike.expires_at) == 0


def struck(desk, times: int) -> list[str]:
    """The cases of so many removed clips of ann's."""
    return [desk.removed(desk.world.finished(visibility="public")) for _ in range(times)]


def account_cases(desk) -> list[str]:
    queue = desk.world.call("GET", "/moderation/queue", "sue").json()["data"]
    return [each["id"] for each in queue if each["kind"] == "strikes"]


def test_the_third_strike_opens_a_case_about_the_account_that_two_people_decide(desk):
    struck(desk, 2)
    assert account_cases(desk) == []
    struck(desk, 1)
    [case_id] = account_cases(desk)

    assert desk.decided(case_id, "suspend", "mo").json()["needs_second"] is True
    desk.enact()
    assert desk.world.call("GET", "/me", "ann").status_code == 200
    desk.decided(case_id, "suspend", "max")
    desk.enact()

    assert code(desk.world.call("GET", "/videos", "ann")) == "account_suspended"
    suspended = next(each for each in desk.told() if each["action"] == "suspend")
    statement = desk.reviews.get(case_id)
    assert suspended["appeal_until"] > desk.world.clock.now().timestamp()
    assert statement.law == "house rule: an account with too many strikes within 7 days"


def test_an_account_that_is_let_be_hears_nothing_and_keeps_its_strikes(desk):
    struck(desk, 3)
    [case_id] = account_cases(desk)
    heard = len(desk.told())

    desk.decided(case_id, "keep", "max")
    desk.enact()

    assert len(desk.told()) == heard
    assert desk.world.call("GET", "/videos", "ann").status_code == 200
    assert account_cases(desk) == []
    assert len(desk.reviews.strikes("user_ann")) == 3


def test_a_case_about_an_account_goes_when_its_strikes_do(desk):
    *_, last = struck(desk, 3)
    assert len(account_cases(desk)) == 1

    desk.world.clock.pass_seconds(1)
    assert desk.act(last, "undo", "sue").status_code == 200

    assert account_cases(desk) == []


def test_a_case_that_was_never_written_is_open_all_the_same(desk):
    """A held clip that came into the records some other way waits for a person like every other."""
    video_id = desk.world.asked()
    desk.world.change(desk.videos.get(video_id), status="in_progress", stage="held", gate="hold", call_id="call_1")

    assert Reviews(desk.world.home.items).find(video_id) is None
    assert desk.decided(video_id, "reject").status_code == 200


def test_an_erased_author_leaves_a_log_without_them(desk):
    desk.removed(desk.world.finished(visibility="public"))
    [notice] = desk.told()

    desk.log.erase("user_ann")

    assert desk.log.opening(notice["transparency_id"]) is None
