"""Reads configurations of devices back into Azure's words. Typed from the vendors' words and from nothing of the package."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product

Ike = tuple[str, str | None, str]
"""ikeEncryption; integrity, or the pseudo-random function with GCM (None: the device does not name it); dhGroup."""
Esp = tuple[str, str | None, str]
"""ipsecEncryption; ipsecIntegrity, None with GCM; pfsGroup."""
Pair = tuple[str, str]
"""Range of the device, range of Azure."""


@dataclass(frozen=True)
class Configured:
    """What a configuration says."""

    ike: frozenset[Ike]
    esp: frozenset[Esp]
    ike_seconds: int
    sa_seconds: int
    sa_kilobytes: int | None
    """0 for no limit; None if the device has none by volume."""
    selectors: frozenset[Pair]


_GROUPS = {"1": "DHGroup1", "2": "DHGroup2", "14": "DHGroup14", "19": "ECP256", "20": "ECP384", "24": "DHGroup24"}
_BY_NAME = {
    "modp768": "1",
    "modp1024": "2",
    "modp2048": "14",
    "ecp256": "19",
    "ecp384": "20",
    "modp2048s256": "24",
}


def _group(text: str) -> str:
    number = _BY_NAME.get(text) or re.sub(r"^(dh-)?group\s*", "", text).split(" ")[0]
    return _GROUPS[number]


def _pfs(text: str | None) -> str:
    if text in {None, "none", "off", "disable"}:
        return "None"
    assert text is not None
    found = _group(text)
    return found if found.startswith("ECP") else f"PFS{found.removeprefix('DHGroup')}".replace("PFS14", "PFS2048")


def _one(pattern: str, text: str) -> str:
    found = set(re.findall(pattern, text, re.MULTILINE))
    assert len(found) == 1, f"{pattern}: {found}"
    return str(found.pop())


def _maybe(pattern: str, text: str) -> str | None:
    return _one(pattern, text) if re.search(pattern, text, re.MULTILINE) else None


def _masked(text: str, *, inverted: bool = False) -> str:
    address, mask = text.split()
    if inverted:
        mask = ".".join(str(255 - int(part)) for part in mask.split("."))
    return str(ip_network(f"{address}/{mask}"))


def _strip(text: str, sign: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(sign))


ANY = ("0.0.0.0/0", "0.0.0.0/0")

_SWAN = {
    "des": "DES",
    "3des": "DES3",
    "aes128": "AES128",
    "aes192": "AES192",
    "aes256": "AES256",
    "null": "None",
    "aes128gcm16": "GCMAES128",
    "aes192gcm16": "GCMAES192",
    "aes256gcm16": "GCMAES256",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha256": "SHA256",
    "sha384": "SHA384",
}


def _swan_ike(text: str) -> list[Ike]:
    encryption, *rest = text.split("-")
    hashes = [_SWAN[part.removeprefix("prf")] for part in rest[:-1]]
    return [(_SWAN[encryption], hash_, _group(rest[-1])) for hash_ in hashes]


def _swan_esp(text: str) -> Esp:
    encryption, *rest = text.split("-")
    integrity = _SWAN[rest.pop(0)] if rest and rest[0] in _SWAN else None
    return _SWAN[encryption], integrity, _pfs(rest[0] if rest else None)


def strongswan(text: str) -> Configured:
    ike = [item for proposal in _one(r"^ +proposals = (.+)$", text).split(",") for item in _swan_ike(proposal)]
    esp = [_swan_esp(proposal) for proposal in _one(r"^ +esp_proposals = (.+)$", text).split(",")]
    volume = _maybe(r"life_bytes = (\d+)", text)
    lifetime = int(_one(r"^ {8}rekey_time = (\d+)s$", text)) + int(_one(r"over_time = (\d+)s", text))
    return Configured(
        ike=frozenset(ike),
        esp=frozenset(esp),
        ike_seconds=lifetime,
        sa_seconds=int(_one(r"life_time = (\d+)s", text)),
        sa_kilobytes=int(volume) // 1024 if volume else 0,
        selectors=frozenset(re.findall(r"local_ts = (\S+)\s+remote_ts = (\S+)", text)),
    )


_IOS = {
    "aes": "AES128",
    "aes 192": "AES192",
    "aes 256": "AES256",
    "sha": "SHA1",
    "des": "DES",
    "3des": "DES3",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha256": "SHA256",
    "sha384": "SHA384",
    **{f"aes-cbc-{bits}": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"aes-gcm-{bits}": f"GCMAES{bits}" for bits in (128, 256)},
    "esp-null": "None",
    "esp-des": "DES",
    "esp-3des": "DES3",
    "esp-aes": "AES128",
    "esp-gcm": "GCMAES128",
    **{f"esp-aes {bits}": f"AES{bits}" for bits in (192, 256)},
    **{f"esp-gcm {bits}": f"GCMAES{bits}" for bits in (192, 256)},
    "esp-md5-hmac": "MD5",
    "esp-sha-hmac": "SHA1",
    "esp-sha256-hmac": "SHA256",
}


def cisco_ios_xe(text: str) -> Configured:
    text = _strip(text, "!")
    policies = re.findall(
        r"^ encryption (.+)\n hash (\S+)\n authentication pre-share\n group (\d+)$", text, re.MULTILINE
    )
    ike = {(_IOS[encryption], _IOS[hash_], _group(group)) for encryption, hash_, group in policies}
    if not ike:
        encryptions = _one(r"^ encryption (.+)$", text).split()
        hashes = (_maybe(r"^ integrity (.+)$", text) or _one(r"^ prf (.+)$", text)).split()
        group = _group(_one(r"^ group (\d+)$", text))
        ike = {(_IOS[one], _IOS[other], group) for one, other in product(encryptions, hashes)}
    pfs = _pfs(_maybe(r"set pfs group(\d+)$", text))
    sets = re.findall(r"^crypto ipsec transform-set \S+ (esp-\S+(?: \d+)?)(?: (esp-\S+))?$", text, re.MULTILINE)
    volume = _one(r"lifetime kilobytes (\S+)$", text)
    return Configured(
        ike=frozenset(ike),
        esp=frozenset(
            (_IOS[encryption], _IOS[integrity] if integrity else None, pfs) for encryption, integrity in sets
        ),
        ike_seconds=int(_one(r"^ lifetime (\d+)$", text)),
        sa_seconds=int(_one(r"lifetime seconds (\d+)$", text)),
        sa_kilobytes=0 if volume == "disable" else int(volume),
        selectors=frozenset(
            (_masked(device, inverted=True), _masked(azure, inverted=True))
            for device, azure in re.findall(r"^ permit ip (\S+ \S+) (\S+ \S+)$", text, re.MULTILINE)
        )
        or frozenset({ANY}),
    )


_ASA = {
    "des": "DES",
    "3des": "DES3",
    "aes": "AES128",
    "aes-192": "AES192",
    "aes-256": "AES256",
    "null": "None",
    "aes-gcm": "GCMAES128",
    "aes-gcm-192": "GCMAES192",
    "aes-gcm-256": "GCMAES256",
    "md5": "MD5",
    "sha": "SHA1",
    "sha-1": "SHA1",
    "sha256": "SHA256",
    "sha-256": "SHA256",
    "sha384": "SHA384",
}


def cisco_asa(text: str) -> Configured:
    text = _strip(text, "!")
    policies = re.findall(
        r"^crypto ikev2 policy \d+\n encryption (\S+)\n integrity (\S+)\n group (\d+)\n prf (.+)$", text, re.MULTILINE
    )
    ike = set()
    for encryption, integrity, group, prfs in policies:
        assert integrity in {"null", prfs}, "the pseudo-random function is that of the integrity"
        ike |= {(_ASA[encryption], _ASA[prf], _group(group)) for prf in prfs.split()}
    policies = re.findall(r"^ encryption (\S+)\n hash (\S+)\n group (\d+)$", text, re.MULTILINE)
    ike |= {(_ASA[encryption], _ASA[hash_], _group(group)) for encryption, hash_, group in policies}
    proposals = re.findall(r"^ protocol esp encryption (\S+)\n protocol esp integrity (\S+)$", text, re.MULTILINE)
    pfs = _pfs(_maybe(r"set pfs group(\d+)$", text))
    volume = _one(r"set security-association lifetime kilobytes (\S+)$", text)
    esp = {
        (_ASA[encryption], None if "gcm" in encryption else _ASA[integrity], pfs) for encryption, integrity in proposals
    }
    sets = re.findall(r"^crypto ipsec ikev1 transform-set \S+ esp-(\S+) esp-(\S+)-hmac$", text, re.MULTILINE)
    esp |= {(_ASA[encryption], _ASA[integrity], pfs) for encryption, integrity in sets}
    return Configured(
        ike=frozenset(ike),
        esp=frozenset(esp),
        ike_seconds=int(_one(r"^ lifetime (?:seconds )?(\d+)$", text)),
        sa_seconds=int(_one(r"set security-association lifetime seconds (\d+)$", text)),
        sa_kilobytes=0 if volume == "unlimited" else int(volume),
        selectors=frozenset(
            (_masked(device), _masked(azure))
            for device, azure in re.findall(r"extended permit ip (\S+ \S+) (\S+ \S+)$", text, re.MULTILINE)
        )
        or frozenset({ANY}),
    )


def _forti(text: str) -> tuple[str, str | None]:
    encryption, _, hash_ = text.partition("-")
    known = {**_SWAN, "aes128gcm": "GCMAES128", "aes256gcm": "GCMAES256"}
    return known[encryption], known[hash_.removeprefix("prf")] if hash_ else None


def fortigate(text: str) -> Configured:
    text = _strip(text, "#")
    first, second = text.split("config vpn ipsec phase2-interface")
    group = _group(_one(r"set dhgrp (\d+)", first))
    pfs = _pfs(_one(r"set dhgrp (\d+)", second) if _one(r"set pfs (\S+)", second) == "enable" else None)
    limit = _one(r"set keylife-type (\S+)", second)
    return Configured(
        ike=frozenset((*_forti(item), group) for item in _one(r"set proposal (.+)$", first).split()),
        esp=frozenset((*_forti(item), pfs) for item in _one(r"set proposal (.+)$", second).split()),
        ike_seconds=int(_one(r"set keylife (\d+)", first)),
        sa_seconds=int(_one(r"set keylifeseconds (\d+)", second)),
        sa_kilobytes=0 if limit == "seconds" else int(_one(r"set keylifekbs (\d+)", second)),
        selectors=frozenset(
            (_masked(device), _masked(azure))
            for device, azure in re.findall(r"set src-subnet (.+)\n +set dst-subnet (.+)", second)
        ),
    )


_JUNOS = {
    "des-cbc": "DES",
    "3des-cbc": "DES3",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha-256": "SHA256",
    "sha-384": "SHA384",
    **{f"aes-{bits}-cbc": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"aes-{bits}-gcm": f"GCMAES{bits}" for bits in (128, 192, 256)},
    "hmac-md5-96": "MD5",
    "hmac-sha1-96": "SHA1",
    "hmac-sha-256-128": "SHA256",
}


def juniper_srx(text: str) -> Configured:
    def proposals(phase: str) -> list[dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name, key, value in re.findall(rf"^set security {phase} proposal (\S+) (\S+) (\S+)$", text, re.MULTILINE):
            found.setdefault(name, {})[key] = value
        return list(found.values())

    ike, esp = proposals("ike"), proposals("ipsec")
    pfs = _pfs(_maybe(r"perfect-forward-secrecy keys (\S+)$", text))
    volumes = {int(item.get("lifetime-kilobytes", 0)) for item in esp}
    seconds = {int(item["lifetime-seconds"]) for item in esp}
    assert len(volumes) == len(seconds) == 1
    return Configured(
        ike=frozenset(
            (
                _JUNOS[item["encryption-algorithm"]],
                _JUNOS[item["authentication-algorithm"]] if "authentication-algorithm" in item else None,
                _group(item["dh-group"]),
            )
            for item in ike
        ),
        esp=frozenset(
            (
                _JUNOS[item["encryption-algorithm"]],
                _JUNOS[item["authentication-algorithm"]] if "authentication-algorithm" in item else None,
                pfs,
            )
            for item in esp
        ),
        ike_seconds=int(ike[0]["lifetime-seconds"]),
        sa_seconds=seconds.pop(),
        sa_kilobytes=volumes.pop(),
        selectors=frozenset(re.findall(r"local-ip (\S+) remote-ip (\S+)$", text, re.MULTILINE)) or frozenset({ANY}),
    )


_PFSENSE = {
    **{f"AES {bits} bits": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"AES{bits}-GCM 128 bits": f"GCMAES{bits}" for bits in (128, 192, 256)},
}


def _fields(text: str, name: str) -> list[str]:
    return re.findall(rf"^  {re.escape(name)} +(\S.*)$", text, re.MULTILINE)


def pfsense(text: str) -> Configured:
    first, *rest = text.split("Add P2:")
    second = "".join(rest)
    ike = [tuple(field.split(" | ")) for field in _fields(first, "Algorithm | Hash | DH Group")]
    esp = [tuple(field.split(" | ")) for field in _fields(second, "Encryption | Hash")]
    (pfs,) = set(_fields(second, "PFS key group"))
    local, remote = _fields(second, "Local Network"), _fields(second, "Remote Network")
    is_routed = any(field.startswith("(tunnel") for field in local)
    return Configured(
        ike=frozenset((_PFSENSE[encryption], hash_, _group(group)) for encryption, hash_, group in ike),
        esp=frozenset(
            (_PFSENSE[encryption], None if hash_ == "(none)" else hash_, _pfs(pfs)) for encryption, hash_ in esp
        ),
        ike_seconds=int(_fields(first, "Life Time")[0]),
        sa_seconds=int(_fields(second, "Life Time")[0]),
        sa_kilobytes=None,
        selectors=frozenset({ANY} if is_routed else zip(local, remote, strict=True)),
    )


def vyos(text: str) -> Configured:
    def proposals(group: str) -> list[dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        pattern = rf"^set vpn ipsec {group} \S+ proposal (\d+) (\S+) '(\S+)'$"
        for number, key, value in re.findall(pattern, text, re.MULTILINE):
            found.setdefault(number, {})[key] = value
        return list(found.values())

    known = {**_SWAN, **{f"aes{bits}gcm128": f"GCMAES{bits}" for bits in (128, 192, 256)}}
    volume = _maybe(r"life-bytes '(\d+)'", text)
    pfs = _one(r"esp-group \S+ pfs '(\S+)'", text)
    local = re.findall(r"(peer \S+ tunnel \d+) local prefix '(\S+)'", text)
    remote = dict(re.findall(r"(peer \S+ tunnel \d+) remote prefix '(\S+)'", text))
    return Configured(
        ike=frozenset(
            (
                known[item["encryption"]],
                known[item.get("prf", item["hash"]).removeprefix("prf")],
                _group(item["dh-group"]),
            )
            for item in proposals("ike-group")
        ),
        esp=frozenset(
            (known[item["encryption"]], known[item["hash"]] if "hash" in item else None, _pfs(pfs))
            for item in proposals("esp-group")
        ),
        ike_seconds=int(_one(r"ike-group \S+ lifetime '(\d+)'", text)),
        sa_seconds=int(_one(r"esp-group \S+ lifetime '(\d+)'", text)),
        sa_kilobytes=int(volume) // 1024 if volume else 0,
        selectors=frozenset((device, remote[name]) for name, device in local) or frozenset({ANY}),
    )


_ROUTEROS = {
    "des": "DES",
    "3des": "DES3",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha256": "SHA256",
    "sha384": "SHA384",
    **{f"aes-{bits}": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"aes-{bits}-cbc": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"aes-{bits}-gcm": f"GCMAES{bits}" for bits in (128, 192, 256)},
    "null": "None",
}


def mikrotik(text: str) -> Configured:
    def entry(menu: str) -> Mapping[str, str]:
        line = _one(rf"^/ip ipsec {menu}\nadd (.+)$", text)
        return dict(part.split("=", 1) for part in line.split(" "))

    profile, proposal = entry("profile"), entry("proposal")
    hashes: list[str | None] = [_ROUTEROS[item] for item in proposal["auth-algorithms"].strip('"').split(",") if item]
    ciphers = [_ROUTEROS[item] for item in proposal["enc-algorithms"].split(",")]
    pfs = _pfs(proposal["pfs-group"])
    return Configured(
        ike=frozenset(
            (_ROUTEROS[item], _ROUTEROS[profile["hash-algorithm"]], _group(profile["dh-group"]))
            for item in profile["enc-algorithm"].split(",")
        ),
        esp=frozenset(
            (cipher, None if cipher.startswith("GCM") else hash_, pfs)
            for cipher, hash_ in product(ciphers, hashes or [None])
        ),
        ike_seconds=int(profile["lifetime"].removesuffix("s")),
        sa_seconds=int(proposal["lifetime"].removesuffix("s")),
        sa_kilobytes=None,
        selectors=frozenset(
            re.findall(r"^add peer=\S+ src-address=(\S+) dst-address=(\S+) tunnel", text, re.MULTILINE)
        ),
    )


_AWS = {
    "AES128": "AES128",
    "AES256": "AES256",
    "AES128-GCM-16": "GCMAES128",
    "AES256-GCM-16": "GCMAES256",
    "SHA1": "SHA1",
    "SHA2-256": "SHA256",
    "SHA2-384": "SHA384",
}


def aws_terraform(text: str) -> Configured:
    def options(name: str) -> list[str]:
        found = _maybe(rf"tunnel[12]_{name} += \[(.+)\]$", text)
        return [item.strip().strip('"') for item in found.split(",")] if found else []

    (group,), (pfs,) = options("phase1_dh_group_numbers"), options("phase2_dh_group_numbers")
    hashes: list[str | None] = [_AWS[item] for item in options("phase2_integrity_algorithms")]
    ciphers = [_AWS[item] for item in options("phase2_encryption_algorithms")]
    return Configured(
        ike=frozenset(
            (_AWS[encryption], _AWS[hash_], _group(group))
            for encryption, hash_ in product(
                options("phase1_encryption_algorithms"), options("phase1_integrity_algorithms")
            )
        ),
        esp=frozenset(
            (cipher, None if cipher.startswith("GCM") else hash_, _pfs(pfs))
            for cipher, hash_ in product(ciphers, hashes or [None])
        ),
        ike_seconds=int(_one(r"phase1_lifetime_seconds += (\d+)$", text)),
        sa_seconds=int(_one(r"phase2_lifetime_seconds += (\d+)$", text)),
        sa_kilobytes=None,
        selectors=frozenset(
            {
                (
                    _one(r'remote_ipv4_network_cidr += "(\S+)"', text),
                    _one(r'local_ipv4_network_cidr += "(\S+)"', text),
                )
            }
        ),
    )


_IANA = {
    "NULL": "None",
    "DES-CBC": "DES",
    "3DES-CBC": "DES3",
    **{f"AES-CBC-{bits}": f"AES{bits}" for bits in (128, 192, 256)},
    **{f"AES-GCM-16-{bits}": f"GCMAES{bits}" for bits in (128, 192, 256)},
    "HMAC-MD5": "MD5",
    "HMAC-SHA1": "SHA1",
    "HMAC-SHA2-256": "SHA256",
    "HMAC-SHA2-384": "SHA384",
}


def _number(text: str) -> str:
    return text.removeprefix("group ").split(",")[0]


def table(text: str) -> Configured:
    first, second = text.split("IPsec (quick mode")
    rows = zip(
        *(_fields(first, name) for name in ("encryption", "pseudo-random function", "Diffie-Hellman")), strict=True
    )
    ike = [
        (_IANA[encryption], _IANA[prf], _group(_number(group)))
        for encryption, prfs, group in rows
        for prf in prfs.split(" or ")
    ]
    esp = zip(*(_fields(second, name) for name in ("encryption", "integrity", "perfect forward secrecy")), strict=True)
    volume = _fields(second, "lifetime by volume")[0]
    return Configured(
        ike=frozenset(ike),
        esp=frozenset(
            (_IANA[encryption], None if hash_.startswith("none") else _IANA[hash_], _pfs(_number(pfs)))
            for encryption, hash_, pfs in esp
        ),
        ike_seconds=int(_one(r"^  lifetime +(\d+) s$", first)),
        sa_seconds=int(_one(r"^  lifetime +(\d+) s$", second)),
        sa_kilobytes=0 if volume == "none" else int(volume.removesuffix(" kB")),
        selectors=frozenset(
            (device, azure) for device, azure in (row.split(" <=> ") for row in _fields(second, "device <=> Azure"))
        ),
    )


PARSERS: Mapping[str, Callable[[str], Configured]] = {
    "strongswan": strongswan,
    "cisco-ios-xe": cisco_ios_xe,
    "cisco-asa": cisco_asa,
    "fortigate": fortigate,
    "juniper-srx": juniper_srx,
    "pfsense": pfsense,
    "vyos": vyos,
    "mikrotik": mikrotik,
    "aws-terraform": aws_terraform,
    "table": table,
}
"""By format."""
