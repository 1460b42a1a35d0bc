"""How long a nonce is good, for whom, and that strangers use none of it up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.auth import Authenticator, Caller, Refused
from tests.support.digest_phone import (
    PASSWORD,
    REALM,
    Accounts,
    Phone,
    account,
    make,
    make_request,
    on_the_wire,
    plain_challenge,
    stale_challenge,
)


def test_used_count_is_stale_and_one_out_of_order_passes() -> None:
    phone = Phone(make())
    phone.send(5)
    assert on_the_wire(phone.refusal(5)) == stale_challenge()
    assert phone.send(3).account is not None
    assert phone.refusal(3).rule == "stale-nonce"


def test_stranger_cannot_use_up_the_counts_of_an_account() -> None:
    phone = Phone(make())
    phone.send(1)
    assert replace(phone, password="wrong").refusal(2).rule == "wrong-password"
    assert phone.send(2).account is not None


def test_nonce_of_before_a_restart_is_stale() -> None:
    phone = Phone(make())
    phone.send()
    phone.authenticator = Authenticator(REALM, Accounts(account("1001")), ("MD5",), b"another key" * 2)
    assert on_the_wire(phone.refusal(2)) == stale_challenge()


def test_nonce_that_registered_lives_as_long_as_the_binding() -> None:
    phone = Phone(make())
    phone.authenticator.registered(phone.send(1), 3611.0)
    assert phone.send(2, now=3610.0).nonce_issued == 10.0
    assert phone.refusal(3, now=3611.0).rule == "stale-nonce"


def test_nonce_that_did_not_register_lives_five_minutes() -> None:
    phone = Phone(make())
    phone.send(1)
    assert phone.send(2, now=309.0).account is not None
    assert phone.refusal(3, now=310.0).rule == "stale-nonce"


def test_registered_by_a_trusted_peer_changes_nothing() -> None:
    phone = Phone(make())
    phone.send(1)
    phone.authenticator.registered(Caller(None, peer="trunk", nonce=phone.nonce), 3600.0)
    assert phone.refusal(2, now=310.0).rule == "stale-nonce"


def test_nonce_without_qop_serves_one_request_and_its_retransmissions() -> None:
    phone = Phone(make(), qop="")
    phone.send(cseq=7)
    assert phone.send(cseq=7).account is not None
    assert on_the_wire(phone.refusal(cseq=8)) == stale_challenge()
    other_call = make_request(phone.authorization(1, phone.nonce), cseq=7)
    other_call.replace("call-id", ["another@192.0.2.7"])
    with pytest.raises(Refused) as caught:
        phone.authenticator.authenticate(other_call, 11.0, proxy=False)
    assert caught.value.rule == "stale-nonce"
    other_contact = make_request(phone.authorization(1, phone.nonce), cseq=7)
    other_contact.replace("contact", ["<sip:1001@198.51.100.66>"])
    with pytest.raises(Refused) as caught:
        phone.authenticator.authenticate(other_contact, 11.0, proxy=False)
    assert caught.value.rule == "stale-nonce"
    assert replace(phone, method="INVITE").refusal(cseq=7, method="INVITE").rule == "stale-nonce"
    assert replace(phone, qop="auth").refusal(1).rule == "stale-nonce"


def test_forgotten_account_is_challenged_anew() -> None:
    phone = Phone(make())
    phone.send(1)
    phone.authenticator.forget("1001")
    assert on_the_wire(phone.refusal(2)) == stale_challenge()
    phone.challenge(12.0)
    assert phone.send(1, 13.0).account is not None


def test_account_that_is_disabled_is_let_in_no_more() -> None:
    one = account("1001")
    phone = Phone(make(one))
    phone.send(1)
    one.enabled = False
    for use in (1, 2):
        refused = phone.refusal(use)
        assert refused.rule == "disabled-account"
        assert on_the_wire(refused) == plain_challenge(), "as an unknown one, of whose counts nothing is known"


def test_strangers_leave_no_trace() -> None:
    authenticator = make()
    for username in ("nobody", "1001", "off"):
        Phone(authenticator, username=username, password="wrong").refusal()
    assert not authenticator.nonces._used


def test_busy_account_looks_like_no_account_to_a_stranger() -> None:
    # Its floor rises with each window that is pushed out; who has not proved the password must not see it.
    authenticator = make()
    stranger = Phone(authenticator, password="wrong")
    stranger.challenge(10.0)
    for at in range(25):
        phone = Phone(authenticator)
        phone.challenge(11.0 + at)
        phone.send(1, 12.0 + at)
    nobody = replace(stranger, username="nobody")
    assert on_the_wire(stranger.refusal(1, 40.0)) == on_the_wire(nobody.refusal(1, 40.0)) == plain_challenge()
    assert replace(stranger, password=PASSWORD).refusal(1, 40.0).rule == "stale-nonce"
