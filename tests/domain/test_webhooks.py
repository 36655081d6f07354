"""Webhooks: the signature of the official clients' golden vector, the schedule, and which addresses may be called."""

import base64
import hashlib
import hmac

import pytest
from volary.errors import Forbidden, Invalid
from volary.webhooks import (
    SCHEDULE,
    checked_url,
    delay,
    demand_public,
    headers,
    is_public,
    key_of,
    new_secret,
    signature,
)

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_signature_is_that_of_the_standard():
    """Computed here from the standard's own words: base64 of HMAC-SHA256 over "id.timestamp.body"."""
    body = b'{"type":"video.completed"}'
    expected = hmac.new(bytes(range(32)), b"wh_1.1750861210." + body, hashlib.sha256).digest()

    assert signature(SECRET, "wh_1", 1750861210, body) == "v1," + base64.b64encode(expected).decode()


def test_two_secrets_make_two_signatures():
    given = headers([SECRET, new_secret()], "wh_1", 5, b"{}")["webhook-signature"].split(" ")

    assert len(given) == 2
    assert given[0] == signature(SECRET, "wh_1", 5, b"{}")


@pytest.mark.parametrize(("message_id", "at", "body"), [("wh_2", 5, b"{}"), ("wh_1", 6, b"{}"), ("wh_1", 5, b"{ }")])
def test_any_change_changes_the_signature(message_id, at, body):
    assert signature(SECRET, message_id, at, body) != signature(SECRET, "wh_1", 5, b"{}")


def test_a_new_secret_has_32_bytes_and_is_new():
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()


@pytest.mark.parametrize("secret", ["whsec_####", "whsec_", "whsec_" + base64.b64encode(b"x" * 23).decode()])
def test_a_bad_secret_is_refused(secret):
    with pytest.raises(Invalid):
        key_of(secret)


def test_the_schedule_is_that_of_the_standard_with_some_spread():
    assert [delay(attempt, 0.0) for attempt in range(11)] == [*SCHEDULE, None]
    assert SCHEDULE == (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert delay(2, 0.999) == 360


def test_a_receiver_that_asks_for_time_gets_it_up_to_a_day():
    assert delay(1, 0.0, retry_after=600) == 600
    assert delay(3, 0.0, retry_after=1) == 1800
    assert delay(1, 0.0, retry_after=10**6) == 86_400


# Spellings of places that no webhook may reach; the first part in any URL, the second as an address only.
NOT_PUBLIC = [
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "0",
    "0.0.0.0", "10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1", "169.254.169.254",
    "0xa9fea9fe", "2852039166", "169.254.43518", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[2001:0:7f00:1::]", "[ff02::1]",
    "[2001:db8::1]", "[100::1]",
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "printer.local", "metadata.google.internal",
    "metadata", "1.0.0.127.in-addr.arpa", "127.0.0.1.", "0x7f.1", "①②⑦.0.0.1", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_no_spelling_of_a_private_place_is_taken_as_an_endpoint(host):
    with pytest.raises(Invalid):
        checked_url(f"https://{host}/hook", may_be_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
        "https:///x", "https://", "https://user@example.com/", "https://a:b@example.com/", "https://example.com\\@evil/",
        "https://example.com:99999/", "https://example.com/ x", "https://example.com/\r\nx: y", "https://exa\tmple.com/",
        "javascript:alert(1)", "", "x" * 3000, "https://example.com/é",
    ],
)  # fmt: skip
def test_urls_that_are_none_for_a_webhook_are_refused(url):
    with pytest.raises(Invalid):
        checked_url(url, may_be_private=False)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%eth0", "fd00::1", "not an address"],
)
def test_an_address_found_by_name_is_judged_too(address):
    with pytest.raises(Forbidden):
        demand_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_public(address):
    assert is_public(address)


def test_a_url_leads_where_it_says():
    target = checked_url("https://example.com:8443/hook/a?b=c", may_be_private=False)

    assert (target.scheme, target.host, target.port, target.path) == ("https", "example.com", 8443, "/hook/a?b=c")


def test_private_places_are_for_homes_that_allow_them():
    assert checked_url("http://127.0.0.1:5000", may_be_private=True).port == 5000
