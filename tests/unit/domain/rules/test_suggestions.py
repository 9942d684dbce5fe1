from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.domain.rules.suggestions import find_meant, suggest

_ENCRYPTION = ["None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"]
_INTEGRITY = ["MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256"]
_GROUP = ["None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24"]
_PFS = ["None", "PFS1", "PFS2", "PFS2048", "PFS14", "PFS24", "PFSMM", "ECP256", "ECP384"]


@pytest.mark.parametrize(
    ("written", "allowed", "meant"),
    [
        ("GCMASE256", _INTEGRITY, "GCMAES256"),
        ("aes256", _ENCRYPTION, "AES256"),
        ("AES-256", _ENCRYPTION, "AES256"),
        ("AES_256", _ENCRYPTION, "AES256"),
        ("AES-256-GCM", _ENCRYPTION, "GCMAES256"),
        ("aes-gcm-128", _ENCRYPTION, "GCMAES128"),
        ("3DES", _ENCRYPTION, "DES3"),
        ("SHA-256", _INTEGRITY, "SHA256"),
        ("sha", _INTEGRITY, "SHA1"),
        ("SHA512", _INTEGRITY, "SHA256"),
        ("group14", _GROUP, "DHGroup14"),
        ("Group 19", _GROUP, "ECP256"),
        ("DHGroup20", _GROUP, "ECP384"),
        ("modp2048", _GROUP, "DHGroup2048"),
        (14, _GROUP, "DHGroup14"),
        (14, _PFS, "PFS14"),
        ("ECP-384", _PFS, "ECP384"),
        ("none", _PFS, "None"),
        ("off", _PFS, "None"),
        ("ChaCha20", _ENCRYPTION, None),
        ("", _ENCRYPTION, None),
        ("!!!", _ENCRYPTION, None),
        (True, _GROUP, None),
        (None, _GROUP, None),
        (1.5, _GROUP, None),
        ("A" * 100_000, _ENCRYPTION, None),
        (10**4000, _GROUP, None),
        ("DHGroup16", ["AES256"], None),
    ],
)
def test_meant_value_is_found(written: Any, allowed: list[str], meant: str | None):
    assert find_meant(written, allowed) == meant
    assert suggest(written, allowed) == (None if meant is None else f"did you mean {meant}?")


@given(written=st.text() | st.integers(), allowed=st.lists(st.text(max_size=12), max_size=5))
def test_suggestion_is_always_an_allowed_value(written: Any, allowed: list[str]):
    assert find_meant(written, allowed) in {None, *allowed}
