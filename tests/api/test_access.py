"""Who may call what: every route of the OpenAPI document, as nobody, its owner, another person and a moderator.

A new route without a row here fails. Foreign things answer 404, as if they were not there.
"""

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from volary.enrolment import consent_texts
from volary.ports import Put
from volary.stores.accounts import Accounts, PersonalKey, digest_of
from volary.stores.likenesses import Likenesses
from volary.stores.videos import Act
from volary.vault import device_box, keep

from tests.api.people import deliver, enrolled
from tests.likeness.material import Device, taken

WHO = ("nobody", "ann", "bob", "mo")
# Route → the status for nobody, the owner (ann), another person (bob), and a moderator (mo).
ROUTES: dict[str, tuple[int, int, int, int]] = {
    "POST /videos": (401, 200, 200, 200),
    "GET /videos": (401, 200, 200, 200),
    "POST /videos/edits": (401, 200, 404, 404),
    "POST /videos/extensions": (401, 200, 404, 404),
    "POST /videos/characters": (401, 200, 200, 200),
    "GET /videos/characters/{character_id}": (401, 200, 404, 404),
    "GET /videos/{video_id}": (404, 200, 404, 404),
    "DELETE /videos/{video_id}": (401, 200, 404, 404),
    "GET /videos/{video_id}/content": (404, 302, 404, 404),
    "POST /videos/{video_id}/remix": (401, 200, 404, 404),
    "POST /posts": (401, 200, 404, 404),
    "GET /posts/{post_id}": (200, 200, 200, 200),
    "DELETE /posts/{post_id}": (401, 200, 404, 404),
    "GET /posts/{post_id}/lineage": (200, 200, 200, 200),
    "GET /feed": (200, 200, 200, 200),
    "GET /family/{handle}/feed": (401, 404, 404, 404),  # for the guardian of a minor alone
    "POST /family/{handle}/feed": (401, 404, 404, 404),
    "POST /files": (401, 200, 200, 200),
    "GET /files": (401, 200, 200, 200),
    "GET /files/{file_id}": (401, 200, 404, 404),
    "DELETE /files/{file_id}": (401, 200, 404, 404),
    "POST /uploads": (401, 200, 200, 200),
    "POST /uploads/{upload_id}/parts": (401, 200, 404, 404),
    "POST /uploads/{upload_id}/complete": (401, 400, 404, 404),
    "POST /uploads/{upload_id}/cancel": (401, 200, 404, 404),
    "GET /models": (401, 200, 200, 200),
    "GET /models/{model_id}": (401, 200, 200, 200),
    "GET /styles": (200, 200, 200, 200),
    "GET /moderation/queue": (401, 403, 403, 200),
    "GET /moderation/cases/{case_id}/content": (401, 403, 403, 302),
    "POST /moderation/queue/next": (401, 403, 403, 404),  # nothing waits
    "GET /moderation/cases/{case_id}": (401, 403, 403, 200),
    "GET /moderation/cases/{case_id}/link": (401, 403, 403, 200),
    "POST /moderation/cases/{case_id}/claim": (401, 403, 403, 200),
    "POST /moderation/cases/{case_id}/put_back": (401, 403, 403, 409),  # these want a claim first
    "POST /moderation/cases/{case_id}/escalate": (401, 403, 403, 409),
    "POST /moderation/cases/{case_id}/second": (401, 403, 403, 409),
    "POST /moderation/cases/{case_id}/decide": (401, 403, 403, 409),
    "POST /moderation/cases/{case_id}/undo": (401, 403, 403, 409),
    "POST /moderation/cases/{case_id}/notes": (401, 403, 403, 200),
    "POST /moderation/decisions": (401, 403, 403, 200),
    "GET /moderation/figures": (401, 403, 403, 200),
    "GET /moderation/shift": (401, 403, 403, 200),
    "GET /moderation/handbook": (401, 403, 403, 200),
    "GET /moderation/audit": (401, 403, 403, 403),  # for seniors
    "GET /moderation/notices": (401, 200, 200, 200),
    "GET /moderation/statements/{statement_id}": (401, 404, 404, 404),
    "POST /moderation/appeals": (401, 404, 404, 404),
    "POST /notices": (200, 200, 200, 200),
    "GET /notices/{notice_id}": (404, 404, 404, 404),
    "POST /posts/{post_id}/report": (401, 200, 200, 200),
    "POST /moderation/cases/{case_id}/release": (401, 403, 403, 200),
    "POST /moderation/cases/{case_id}/reject": (401, 403, 403, 200),
    "POST /moderations": (401, 503, 503, 503),  # this home's models do not answer
    "POST /webhook_endpoints": (401, 200, 200, 200),
    "GET /webhook_endpoints": (401, 200, 200, 200),
    "GET /webhook_endpoints/{endpoint_id}": (401, 200, 404, 404),
    "POST /webhook_endpoints/{endpoint_id}": (401, 200, 404, 404),
    "DELETE /webhook_endpoints/{endpoint_id}": (401, 200, 404, 404),
    "POST /webhook_endpoints/{endpoint_id}/rotate_secret": (401, 200, 404, 404),
    "POST /webhook_endpoints/{endpoint_id}/test": (401, 400, 404, 404),  # the sample's address does not resolve
    "GET /webhook_event_types": (401, 200, 200, 200),
    "GET /transparency/checkpoint": (404, 404, 404, 404),  # nothing was logged yet
    "GET /transparency/key": (200, 200, 200, 200),
    "GET /transparency/tile/{path}": (404, 404, 404, 404),
    "POST /feed/instructions": (401, 503, 503, 503),  # this home's models do not answer
    "GET /feed/parameters": (401, 200, 200, 200),
    "PUT /feed/parameters": (401, 200, 200, 200),
    "DELETE /feed/parameters": (401, 200, 200, 200),
    "GET /feed/history": (401, 200, 200, 200),
    "POST /feed/undo": (401, 409, 409, 409),  # nobody has changed anything
    "POST /feed/shown": (401, 200, 200, 200),
    "POST /feed/time_zone": (401, 200, 200, 200),
    "POST /likenesses": (401, 200, 200, 200),
    "GET /likenesses": (401, 200, 200, 200),
    "GET /likenesses/{likeness_id}": (401, 200, 404, 404),
    "PATCH /likenesses/{likeness_id}": (401, 200, 404, 404),
    "DELETE /likenesses/{likeness_id}": (401, 200, 404, 404),
    "POST /likenesses/{likeness_id}/capture": (401, 200, 404, 404),
    "POST /likenesses/{likeness_id}/check": (401, 200, 200, 200),  # what the grant answers is for everybody to ask
    "POST /likenesses/{likeness_id}/revoke": (401, 200, 404, 404),
    "POST /likenesses/{likeness_id}/grant": (401, 200, 404, 404),
    "POST /likenesses/{likeness_id}/releases": (401, 200, 404, 404),
    "GET /likenesses/{likeness_id}/requests": (401, 200, 404, 404),
    "GET /likenesses/{likeness_id}/uses": (401, 200, 404, 404),
    "DELETE /likenesses/{likeness_id}/uses/{video_id}": (401, 200, 404, 404),
    "GET /likenesses/{likeness_id}/impact": (401, 200, 404, 404),
    "GET /likenesses/{likeness_id}/receipts": (401, 200, 404, 404),
    "GET /receipts/keys": (200, 200, 200, 200),
    "GET /receipts/{receipt_id}": (200, 200, 200, 200),
    "POST /users/{handle}/follow": (401, 200, 200, 200),
    "DELETE /users/{handle}/follow": (401, 200, 200, 200),
    "GET /moderation/captures": (401, 403, 403, 200),
    "GET /moderation/captures/{likeness_id}/content": (401, 404, 404, 302),
    "POST /moderation/captures/{likeness_id}/accept": (401, 403, 403, 200),
    "POST /moderation/captures/{likeness_id}/refuse": (401, 403, 403, 200),
    "GET /moderation/blocked_people": (401, 403, 403, 200),
    "POST /moderation/blocked_people": (401, 403, 403, 403),  # for admins
    "DELETE /moderation/blocked_people/{block_id}": (401, 403, 403, 403),
    "GET /me": (401, 200, 200, 200),
}
HOOK = {"name": "n", "url": "https://receiver.invalid/hook", "event_types": ["video.completed"]}
NOTICE = {"ground": "other", "statement": "x", "contact": "a@b.example", "signature": "A", "good_faith": True}
DEVICE = Device(bytes(range(32)))  # ann's
SENDING = ("POST", "PUT", "PATCH")
UPLOAD = {"bytes": 10, "filename": "a.mp4", "mime_type": "video/mp4", "purpose": "user_data"}


def test_every_route_has_a_row(world):
    document = world.client.get("/openapi.json").json()
    found = {
        f"{method.upper()} {path.removeprefix('/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }

    assert found == set(ROUTES)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", ROUTES)
def test_route_answers_each_person_as_declared(world, png, mp4, route, who):
    method, path = route.split(" ")
    path, sent = prepared(world, method, path, (png, mp4))

    answer = world.call(method, path, who, **sent)

    assert answer.status_code == ROUTES[route][WHO.index(who)], answer.text
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert "signature=" not in answer.text + str(answer.headers)


def prepared(world, method: str, path: str, files: tuple[bytes, bytes]) -> tuple[str, dict]:
    """The path with ids of things that are ann's, and a good body."""
    png, mp4 = files
    ids, video = {}, None
    if "{post_id}" in path:
        ids["post_id"] = world.finished(visibility="public")
    if "{video_id}" in path or path in ("/videos/edits", "/videos/extensions", "/posts"):
        video = ids["video_id"] = world.finished()
    if "{case_id}" in path:
        ids["case_id"] = world.held()
    if "{character_id}" in path:
        form = {"name": (None, "Mossy"), "video": ("a.mp4", mp4, "video/mp4")}
        ids["character_id"] = world.call("POST", "/videos/characters", files=form).json()["id"]
    if "{file_id}" in path:
        form = {"purpose": (None, "vision"), "file": ("a.png", png, "image/png")}
        ids["file_id"] = world.call("POST", "/files", files=form).json()["id"]
    if "{upload_id}" in path:
        ids["upload_id"] = world.call("POST", "/uploads", json=UPLOAD).json()["id"]
    if "{endpoint_id}" in path:
        ids["endpoint_id"] = world.call("POST", "/webhook_endpoints", json=HOOK).json()["id"]
    if path == "/notices":
        video = world.finished(visibility="public")
    ids |= likeness_ids(world, path)
    ids |= {"model_id": "sora-2", "path": "0/000", "statement_id": "sor_none", "notice_id": "notice_none"}
    ids["block_id"] = "block_none"
    bodies = {
        "/videos": {"json": {"prompt": "a fox"}},
        "/videos/edits": {"json": {"prompt": "x", "video": {"id": video}}},
        "/videos/extensions": {"json": {"prompt": "x", "seconds": "4", "video": {"id": video}}},
        "/videos/characters": {"files": {"name": (None, "Mossy"), "video": ("a.mp4", mp4, "video/mp4")}},
        "/videos/{video_id}/remix": {"json": {"prompt": "x"}},
        "/posts": {"json": {"video_id": video}},
        "/files": {"files": {"purpose": (None, "vision"), "file": ("a.png", png, "image/png")}},
        "/uploads": {"json": UPLOAD},
        "/uploads/{upload_id}/parts": {"files": {"data": ("part", b"12345")}},
        "/uploads/{upload_id}/complete": {"json": {"part_ids": ["part_none"]}},
        "/moderations": {"json": {"input": "a fox"}},
        "/moderation/cases/{case_id}/decide": {"json": {"action": "release"}},
        "/moderation/cases/{case_id}/notes": {"json": {"text": "seen"}},
        "/moderation/decisions": {"json": {"case_ids": [], "action": "reject"}},
        "/moderation/blocked_people": {"json": {"names": ["Jane Q. Example"], "kind": "public_figure"}},
        "/moderation/appeals": {"json": {"notice_id": "ntc_none", "text": "x"}},
        "/notices": {"json": {**NOTICE, "content": video}},
        "/webhook_endpoints": {"json": HOOK},
        "/webhook_endpoints/{endpoint_id}": {"json": {"name": "m"}},
        "/webhook_endpoints/{endpoint_id}/test": {"json": {"event_type": "video.completed"}},
    }
    return path.format(**ids), (bodies | likeness_bodies(world, path, ids)).get(path, {}) if method in SENDING else {}


def likeness_ids(world, path: str) -> dict[str, str]:
    """A likeness of ann's in the state that the route needs, its receipt, a clip of bob's with it; and a handle."""
    if path.startswith("/moderation/captures"):
        return {"likeness_id": captured(world, state="review")}
    if path.endswith("/capture"):
        return {"likeness_id": captured(world)}
    if "{likeness_id}" not in path and "{receipt_id}" not in path:
        return {"handle": "bob"}
    likeness_id = enrolled(world.home, "user_ann", audience="everyone")
    deliver(world.home)  # which writes the receipt
    checked = taken(likeness_id, world.home.services).checked
    keep(likeness_id, "user_ann", "device", DEVICE.key, checked, world.home.services)
    ask = world.asked if path.endswith("/releases") else world.finished  # a key is released for what is to be made
    clip = ask("bob", likenesses=[likeness_id])
    if path.endswith("/grant"):
        world.call("POST", f"/likenesses/{likeness_id}/revoke", json={})
    receipt_id = Likenesses(world.home.items).consent(likeness_id).receipt_id
    return {"likeness_id": likeness_id, "video_id": clip, "receipt_id": receipt_id}


def captured(world, **fields) -> str:
    """The id of a likeness that ann has begun to enrol, with a capture in the upload store."""
    begun = world.call("POST", "/likenesses", json={"device_key": DEVICE.key}).json()["id"]
    store = Likenesses(world.home.items)
    record = store.get(begun)
    world.home.blobs.put("uploads", record.upload_key, b"\x00\x00\x00\x18ftypisom" + b"\x00" * 40, "video/mp4")
    if fields:
        now = int(world.clock.now().timestamp())
        store.change(record.model_copy(update=fields), Act(action="checked", actor="test", at=now))
    return begun


def likeness_bodies(world, path: str, ids: dict[str, str]) -> dict[str, dict]:
    text = consent_texts()["en"]
    agreed = {"text_version": text.version, "text_sha256": text.sha256, "confirmed": True}
    bodies = {
        "/likenesses": {"device_key": DEVICE.key},
        "/likenesses/{likeness_id}": {"audience": "mutuals"},
        "/likenesses/{likeness_id}/capture": agreed,
        "/likenesses/{likeness_id}/grant": agreed,
        "/likenesses/{likeness_id}/check": {"prompt": "a fox"},
        "/likenesses/{likeness_id}/revoke": {},
        "/feed/instructions": {"text": "more cats"},
        "/feed/parameters": {"personalised": False},
        "/feed/shown": {"ids": ["video_1"]},
        "/family/{handle}/feed": {"personalised": False},
        "/feed/time_zone": {"time_zone": "Europe/Paris"},
    }
    if path.endswith("/releases"):
        box = device_box(ids["likeness_id"], world.home.services)
        bodies[path] = {"video_id": ids["video_id"], "key": DEVICE.opened(box, ids["likeness_id"])}
    return {route: {"json": body} for route, body in bodies.items()}


def test_no_guessed_id_is_ever_found(world):
    world.finished()
    found = [
        path
        for number in range(1000)
        for path in (f"/videos/video_{number:024x}",)
        if world.call("GET", path).status_code != 404
    ]

    assert found == []


def test_a_moderator_does_not_decide_their_own_clip(world):
    own = world.held("mo")

    assert world.call("POST", f"/moderation/cases/{own}/release", "mo").status_code == 403
    assert world.call("GET", f"/moderation/cases/{own}/content", "mo").status_code == 404
    assert own not in world.call("GET", "/moderation/queue", "mo").text


def b64(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def with_hmac(signed: str, secret: bytes) -> str:
    digest = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def bad_tokens(world) -> dict[str, str]:
    """Tokens that must not hold, by what is wrong with them."""
    good = world.tokens["ann"]
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    identity = world.home.identity
    public = json.dumps(identity.jwks()["keys"][0]).encode()

    def signed(**change) -> str:
        return jwt.encode({**claims, **change}, identity.key, "ES256", headers={**header})

    def without(name: str) -> str:
        kept = {key: value for key, value in claims.items() if key != name}
        return jwt.encode(kept, identity.key, "ES256", headers={**header})

    def headed(**change) -> str:
        return jwt.encode(claims, identity.key, "ES256", headers={**header, **change})

    now = claims["iat"]
    return {
        "empty": "",
        "space": " ",
        "not a token": "abc",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.x",
        "no signature": f"{head}.{body}.",
        "altered signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "altered body": f"{head}.{b64({**claims, 'sub': 'user_bob'})}.{signature}",
        "alg none": f"{b64({**header, 'alg': 'none'})}.{body}.",
        "alg None": f"{b64({**header, 'alg': 'None'})}.{body}.{signature}",
        "hmac with the public key": with_hmac(f"{b64({**header, 'alg': 'HS256'})}.{body}", public),
        "unknown kid": headed(kid="other"),
        "path as kid": headed(kid="../../etc/passwd"),
        "kid is a number": f"{b64({**header, 'kid': 1})}.{body}.{signature}",
        "jku": headed(jku="https://evil.example/jwks"),
        "x5u": headed(x5u="https://evil.example/x5u"),
        "own key in the header": headed(jwk=identity.jwks()["keys"][0]),
        "crit": headed(crit=["x"], x=1),
        "id token's type": headed(typ="JWT"),
        "id token": signed(token_use="id"),
        "other issuer": signed(iss="https://evil.example"),
        "other audience": signed(aud="other"),
        "list of audiences": signed(aud=["volary", "other"]),
        "expired": signed(exp=now - 1),
        "expires now": signed(exp=now),
        "not yet": signed(nbf=now + 60),
        "from the future": signed(iat=now + 60),
        "exp is text": signed(exp="never"),
        "exp is true": signed(exp=True),
        "sub is a list": signed(sub=["user_ann"]),
        "unicode sub": signed(sub="user_ánn"),
        "nobody's sub": signed(sub="user_none"),
        "empty sub": signed(sub=""),
        "no sub": without("sub"),
        "no exp": without("exp"),
        "no iss": without("iss"),
        "no aud": without("aud"),
        "no sid": without("sid"),
        "no token_use": without("token_use"),
        "8 KB": good + "A" * 8192,
        "unknown key": "vol_sk_" + "x" * 43,
        "key's prefix only": "vol_sk_",
        "body is a list": f"{head}.{base64.urlsafe_b64encode(b'[]').decode().rstrip('=')}.{signature}",
        "deep body": f"{head}.{base64.urlsafe_b64encode(b'[' * 2000).decode().rstrip('=')}.{signature}",
    }


def test_no_bad_token_holds(world):
    tokens = bad_tokens(world)
    answers = {
        name: world.client.get("/v1/me", headers={"authorization": f"Bearer {token}"}) for name, token in tokens.items()
    }

    assert len(tokens) >= 40
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 401} == {}
    assert {answer.headers["www-authenticate"] for answer in answers.values()} == {"Bearer"}


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "bearer", "Token x", "Bearer a b", ""])
def test_other_ways_to_sign_in_are_refused(world, header):
    assert world.client.get("/v1/me", headers={"authorization": header}).status_code == 401


def test_a_bad_token_is_refused_where_none_is_needed(world):
    video_id = world.finished(visibility="public")

    answer = world.client.get(f"/v1/videos/{video_id}", headers={"authorization": "Bearer x"})

    assert answer.status_code == 401
    assert world.client.get(f"/v1/videos/{video_id}").status_code == 200


def test_a_token_expires(world):
    token = world.home.identity.issue("user_ann", timedelta(seconds=60))
    headers = {"authorization": f"Bearer {token}"}

    assert world.client.get("/v1/me", headers=headers).status_code == 200
    world.clock.pass_seconds(61)
    assert world.client.get("/v1/me", headers=headers).json()["error"]["code"] == "token_expired"


def test_a_personal_key_stands_for_its_person_and_only_its_hash_is_kept(world):
    secret = "vol_sk_" + "k" * 43
    key = PersonalKey(digest=digest_of(secret), user_id="user_ann", name="sdk", created_at=1)
    Accounts(world.home.items).add_key(key)

    assert world.client.get("/v1/me", headers={"authorization": f"Bearer {secret}"}).json()["handle"] == "ann"
    with world.home.database.reading() as connection:
        rows = [row["body"] for row in connection.execute("SELECT body FROM items")]
    assert not any(secret in row for row in rows)


def test_a_suspended_account_is_refused(world):
    account = Accounts(world.home.items).get("user_ann").model_copy(update={"status": "suspended"})
    world.home.items.write(Put({"pk": "USER#user_ann", "sk": "ACCOUNT", **account.model_dump(mode="json")}))
    answer = world.call("GET", "/me")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "account_suspended")
