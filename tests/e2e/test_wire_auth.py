"""Digest authentication as an attacker or a lost packet would try it: RFC 3261 section 22, RFC 7616, RFC 8760."""

import re

from tests.e2e.stage import Stage
from tests.e2e.wire_client import Message, WireClient, challenge_parameters

VARIES = re.compile(
    rb'nonce="[^"]*"|opaque="[^"]*"|branch=[^;\r]*|tag=[^;\r]*|rport=\d+|127\.0\.0\.1:\d+|Call-ID: [^\r]*|CSeq: \d+'
)


def challenge(client: WireClient) -> Message:
    answer = client.exchange(client.register_request())
    assert answer.status == 401, answer.raw.decode()
    return answer


def answered(client: WireClient, asked: Message, count: int = 1, **instead: str) -> Message:
    signed = client.credentials(asked, "REGISTER", f"sip:{client.domain}", count, **instead)
    return client.exchange(client.register_request(signed))


def is_stale(answer: Message) -> bool:
    return challenge_parameters(answer.first("WWW-Authenticate")).get("stale", "").lower() == "true"


def same_but_for_what_varies(one: Message, other: Message, *names: str) -> bool:
    texts = [VARIES.sub(b"*", message.raw) for message in (one, other)]
    for name in names:
        texts = [text.replace(name.encode(), b"USER") for text in texts]
    return texts[0] == texts[1]


def test_nonce_serves_renewals_with_rising_counts(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    assert [answered(phone, asked, count).status for count in (1, 2, 3, 7)] == [200] * 4


def test_counts_out_of_order_pass_once_each(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    assert [answered(phone, asked, count).status for count in (1, 5, 3, 4)] == [200] * 4
    again = answered(phone, asked, 3)
    assert again.status == 401 and is_stale(again), again.raw.decode()


def test_used_count_gets_a_stale_challenge_that_can_be_answered(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    assert answered(phone, asked).status == 200
    replayed = answered(phone, asked)
    assert replayed.status == 401 and is_stale(replayed), replayed.raw.decode()
    assert answered(phone, replayed).status == 200


def test_retransmitted_register_gets_the_stored_answer(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    request = phone.register_request(phone.credentials(asked, "REGISTER", f"sip:{phone.domain}"))
    first = phone.exchange(request)
    assert first.status == 200
    assert [phone.exchange(request).raw for _ in range(3)] == [first.raw] * 3


def test_unknown_user_and_wrong_password_get_the_same_answer(stage: Stage) -> None:
    known, stranger = stage.client(password="wrong"), stage.client("nobody-here")
    asked = challenge(known), challenge(stranger)
    assert same_but_for_what_varies(*asked, known.user, stranger.user)
    refused = answered(known, asked[0]), answered(stranger, asked[1])
    assert {answer.status for answer in refused} == {401}
    assert same_but_for_what_varies(*refused, known.user, stranger.user)


def test_calls_of_strangers_to_known_and_unknown_users_get_the_same_answer(stage: Stage) -> None:
    stranger, known = stage.client("nobody-here"), stage.account()
    for method in ("INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "BYE", "FOO"):
        uris = [stranger.uri_of(user) for user in (known, "nobody-there")]
        answers = [stranger.exchange(stranger.request(method, uri)) for uri in uris]
        assert {answer.status for answer in answers} == {407}, answers[0].raw.decode()
        known_one, unknown_one = answers
        assert same_but_for_what_varies(known_one, unknown_one, known, "nobody-there"), method


def test_credentials_for_another_realm_are_challenged_again(stage: Stage) -> None:
    phone = stage.client()
    assert answered(phone, challenge(phone), realm="elsewhere.example").status == 401


def test_credentials_for_another_uri_are_refused(stage: Stage) -> None:
    phone = stage.client()
    refused = answered(phone, challenge(phone), uri="sip:elsewhere.example")
    assert refused.status in (400, 401, 403), refused.raw.decode()


def test_credentials_for_another_method_are_challenged_again(stage: Stage) -> None:
    phone = stage.client()
    signed = phone.credentials(challenge(phone), "INVITE", f"sip:{phone.domain}")
    assert phone.exchange(phone.register_request(signed)).status == 401


def test_without_qop_a_nonce_serves_one_request_and_its_retransmissions(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    plain = Message.parse(asked.raw.replace(b', qop="auth"', b""))
    signed = phone.credentials(plain, "REGISTER", f"sip:{phone.domain}")
    assert "qop" not in signed
    request = phone.register_request(signed)
    first = phone.exchange(request)
    assert first.status == 200 and phone.exchange(request).raw == first.raw
    second = phone.exchange(phone.register_request(signed))
    assert second.status == 401 and is_stale(second), second.raw.decode()


def test_session_algorithms_are_refused_with_a_reason(stage: Stage) -> None:
    phone = stage.client()
    signed = phone.credentials(challenge(phone), "REGISTER", f"sip:{phone.domain}")
    refused = phone.exchange(phone.register_request(signed.replace("algorithm=MD5", "algorithm=MD5-sess")))
    assert refused.status == 400 and "sess" in refused.start, refused.start


def test_forged_nonce_is_challenged_again(stage: Stage) -> None:
    phone = stage.client()
    asked = challenge(phone)
    nonce = challenge_parameters(asked.first("WWW-Authenticate"))["nonce"]
    forged = Message.parse(asked.raw.replace(nonce.encode(), nonce[::-1].encode()))
    assert answered(phone, forged).status == 401


def test_account_may_only_register_its_own_address(stage: Stage) -> None:
    phone, other = stage.client(), stage.account()
    lines = (f"To: <{phone.uri_of(other)}>", f"Contact: <{phone.contact}>")
    assert phone.ask("REGISTER", f"sip:{phone.domain}", *lines).status == 403


def test_options_to_the_box_need_no_credentials_and_tell_what_it_can(stage: Stage) -> None:
    answer = (stranger := stage.client("nobody-here")).exchange(stranger.request("OPTIONS", f"sip:{stage.domain}"))
    assert answer.status == 200, answer.raw.decode()
    told = [bool(answer.all(name)) for name in ("Accept", "Accept-Encoding", "Accept-Language", "Supported", "Allow")]
    assert told == [True, True, True, True, False], answer.raw.decode()


def test_unknown_method_to_the_box_is_a_question_of_credentials_first(stage: Stage) -> None:
    phone, uri = stage.client(), f"sip:{stage.domain}"
    assert phone.exchange(phone.request("FOO", uri)).status == 401
    assert phone.ask("FOO", uri).status in (405, 501)
    known = phone.ask("MESSAGE", uri)
    assert known.status == 405 and known.all("Allow"), known.raw.decode()


def test_request_for_another_domain_is_forbidden_also_for_accounts(stage: Stage) -> None:
    phone = stage.client()
    assert phone.ask("MESSAGE", "sip:somebody@elsewhere.example").status == 403
