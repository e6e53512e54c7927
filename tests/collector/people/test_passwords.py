from __future__ import annotations

import secrets

import pytest

from aboveboard.collector.people import passwords


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "x",
        "x" * 40,
        "short but mixed",
        "1234567890123456",
        "abcdefghijklmnopqrstuvwxyz",
        "pass12pass12pass12pass12",
        "aaaaaabbbbbbccccccdddddd",
    ],
)
def test_what_can_be_guessed_is_refused_with_what_is_missing(weak: str) -> None:
    assert "it needs 16 characters, 6 of them different" in str(passwords.weakness(weak))


def test_what_is_long_and_mixed_is_taken() -> None:
    assert passwords.weakness("Zc7-kk1Qp0_vN4sTz9") is None
    assert passwords.weakness("correct-horse-battery-staple-7") is None
    for _ in range(200):
        assert passwords.weakness(secrets.token_urlsafe(32)) is None


def test_a_person_s_own_may_be_shorter() -> None:
    assert passwords.weakness("blue-Otter-42", passwords.PASSWORD_MIN, "the password") is None
    assert passwords.weakness("blue-Otter-42") is not None


def test_what_is_kept_is_argon2id_and_differs_each_time() -> None:
    kept = passwords.hashed("Zc7-kk1Qp0_vN4sTz9")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.hashed("Zc7-kk1Qp0_vN4sTz9") != kept
    assert passwords.matches(kept, "Zc7-kk1Qp0_vN4sTz9")
    assert not passwords.matches(kept, "Zc7-kk1Qp0_vN4sTz8")


def test_an_umlaut_is_one_however_it_is_typed() -> None:
    kept = passwords.hashed("o\u0308ffne dich bitte")
    assert passwords.matches(kept, "\u00f6ffne dich bitte")


@pytest.mark.parametrize("damaged", ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$"])
def test_a_damaged_hash_lets_nobody_in(damaged: str) -> None:
    assert not passwords.matches(damaged, "")
