"""What somebody may have meant who wrote a value that does not exist."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 48

# Spellings of device vendors and RFCs, without case and punctuation.
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "3des": ("DES3",),
    "tripledes": ("DES3",),
    "aes": ("AES256", "AES128"),
    "aes128gcm": ("GCMAES128",),
    "aes192gcm": ("GCMAES192",),
    "aes256gcm": ("GCMAES256",),
    "aesgcm128": ("GCMAES128",),
    "aesgcm192": ("GCMAES192",),
    "aesgcm256": ("GCMAES256",),
    "gcm128": ("GCMAES128",),
    "gcm192": ("GCMAES192",),
    "gcm256": ("GCMAES256",),
    "aes128cbc": ("AES128",),
    "aes192cbc": ("AES192",),
    "aes256cbc": ("AES256",),
    "sha": ("SHA1",),
    "sha2": ("SHA256",),
    "sha512": ("SHA384", "SHA256"),
    "off": ("None",),
    "no": ("None",),
    "disabled": ("None",),
    "ikev2only": ("IKEv2",),
    "sitetosite": ("IPsec",),
    "s2s": ("IPsec",),
    "vnettovnet": ("Vnet2Vnet",),
}

# Group numbers of RFC 3526, 5114 and 5903 as both kinds of group spell them.
_GROUPS: dict[str, tuple[str, ...]] = {
    "1": ("DHGroup1", "PFS1"),
    "2": ("DHGroup2", "PFS2"),
    "14": ("DHGroup14", "PFS14"),
    "2048": ("DHGroup2048", "PFS2048"),
    "19": ("ECP256",),
    "20": ("ECP384",),
    "24": ("DHGroup24", "PFS24"),
}


def find_meant(value: object, allowed: Iterable[str]) -> str | None:
    """Return the allowed value that was most likely meant, or None.

    Knows slips of case, punctuation and spelling, and the names that vendors and RFCs use.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value) if isinstance(value, str) or abs(value) < 10_000 else ""
    plain = re.sub(r"[^a-z0-9]", "", text.lower()) if len(text) <= _LONGEST else ""
    if not plain:
        return None
    by_plain = {candidate.lower(): candidate for candidate in allowed}
    if plain in by_plain:
        return by_plain[plain]
    group = re.fullmatch(r"(?:dh|pfs|group|dhgroup|modp|ecp)*(\d+)", plain)
    named = _OTHER_NAMES.get(plain, ()) + (_GROUPS.get(group[1], ()) if group else ())
    for name in named:
        if name.lower() in by_plain:
            return name
    close = get_close_matches(plain, by_plain, n=1, cutoff=0.75)
    return by_plain[close[0]] if close else None


def suggest(value: object, allowed: Iterable[str]) -> str | None:
    """Return "did you mean …?" for a value outside the allowed ones, or None without a good guess."""
    meant = find_meant(value, allowed)
    return None if meant is None else f"did you mean {meant}?"
