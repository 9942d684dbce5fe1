"""Verdicts about IpsecPolicies, typed from the how-to's tables and Azure's enums, not derived from the code."""

from support.cases.objects import DROP, Case, policy

# The how-to's table "Algorithms and keys", row by row; its GCMASE256 is a slip for GCMAES256.
_TABLE = {
    "ikeEncryption": "AES256 AES192 AES128 DES3 DES",
    "ikeIntegrity": "SHA384 SHA256 SHA1 MD5",
    "dhGroup": "DHGroup24 ECP384 ECP256 DHGroup14 DHGroup2048 DHGroup2 DHGroup1 None",
    "pfsGroup": "PFS24 ECP384 ECP256 PFS2048 PFS2 PFS1 None",
}
_TABLE_ENCRYPTION = "GCMAES256 GCMAES192 GCMAES128 AES256 AES192 AES128 DES3 DES None"
_TABLE_INTEGRITY = "GCMAES256 GCMAES192 GCMAES128 SHA256 SHA1 MD5"
# Values that Azure's REST API has beyond the table; PFS14 is in the how-to's second example.
_BEYOND_THE_TABLE = {
    "ikeEncryption": "GCMAES128 GCMAES256",
    "ikeIntegrity": "GCMAES128 GCMAES256",
    "pfsGroup": "PFS14 PFSMM",
}
_NO_SUCH_VALUE = {
    "ikeEncryption": "AES512 GCMAES192 None aes256 AES-256 ChaCha20",
    "ikeIntegrity": "SHA512 SHA2 sha256 GCMAES192 None",
    "dhGroup": "DHGroup15 DHGroup16 DHGroup19 dhgroup14 14 PFS2048 ECP521 none",
    "ipsecEncryption": "GCMASE256 AES gcmaes256 AES256-GCM",
    "ipsecIntegrity": "GCMASE256 SHA384 SHA512 sha1 None",
    "pfsGroup": "PFS3 pfs2048 DHGroup14 14 PFS",
}
_SAME_GCM = {("GCMAES128", "GCMAES128"), ("GCMAES192", "GCMAES192"), ("GCMAES256", "GCMAES256")}
_GCM = (("ipsec-gcm-pair", "spec.ipsecIntegrity"),)
_SIX = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")


def _pair_is_legal(encryption: str, integrity: str) -> bool:
    if encryption.startswith("GCM") or integrity.startswith("GCM"):
        return (encryption, integrity) in _SAME_GCM
    return True


POLICY_CASES = [
    Case("the how-to's first example", policy()),
    Case(
        "the how-to's second example",
        policy(
            ikeEncryption="AES128",
            ikeIntegrity="SHA1",
            dhGroup="DHGroup14",
            ipsecEncryption="GCMAES128",
            ipsecIntegrity="GCMAES128",
            pfsGroup="PFS14",
            saLifeTimeSeconds=14400,
        ),
    ),
    *(
        Case(f"{field} {value} is in the how-to's table", policy(None, **{field: value}))
        for field, values in _TABLE.items()
        for value in values.split()
    ),
    *(
        Case(f"{field} {value} is in Azure's enum", policy(None, **{field: value}))
        for field, values in _BEYOND_THE_TABLE.items()
        for value in values.split()
    ),
    *(
        Case(
            f"IPsec {encryption} with {integrity}: GCM only with the same GCM",
            policy(ipsecEncryption=encryption, ipsecIntegrity=integrity),
            () if _pair_is_legal(encryption, integrity) else _GCM,
        )
        for encryption in _TABLE_ENCRYPTION.split()
        for integrity in _TABLE_INTEGRITY.split()
    ),
    *(
        Case(f"{field} {value} does not exist", policy(None, **{field: value}), (("enum", f"spec.{field}"),))
        for field, values in _NO_SUCH_VALUE.items()
        for value in values.split()
    ),
    Case(
        "the how-to's misspelt GCMASE256 is recognised",
        policy(ipsecEncryption="GCMAES256", ipsecIntegrity="GCMASE256"),
        (("enum", "spec.ipsecIntegrity"),),
        hint="GCMAES256",
    ),
    Case(
        "a slip of case is recognised",
        policy(ikeEncryption="gcmaes128"),
        (("enum", "spec.ikeEncryption"),),
        hint="GCMAES128",
    ),
    Case("a vendor's spelling is recognised", policy(dhGroup="group 20"), (("enum", "spec.dhGroup"),), hint="ECP384"),
    Case("3DES is called DES3", policy(ipsecEncryption="3DES"), (("enum", "spec.ipsecEncryption"),), hint="DES3"),
    Case(
        "GCM encryption without GCM integrity is told its partner",
        policy(ipsecEncryption="GCMAES192"),
        _GCM,
        hint="set `ipsecIntegrity` to GCMAES192",
    ),
    Case(
        "GCM integrity without GCM encryption is told its partner",
        policy(ipsecIntegrity="GCMAES128"),
        _GCM,
        hint="set `ipsecEncryption` to GCMAES128",
    ),
    Case("an empty algorithm is none", policy(pfsGroup=""), (("enum", "spec.pfsGroup"),)),
    *(
        Case(f"a policy without {field} is partial", policy(**{field: DROP}), (("required", f"spec.{field}"),))
        for field in _SIX
    ),
    *(
        Case(f"null for {field} is partial too", policy(**{field: None}), (("required", f"spec.{field}"),))
        for field in _SIX
    ),
    Case(
        "an algorithm is no number",
        policy(dhGroup=14),
        (("type", "spec.dhGroup"),),
        hint="DHGroup14",
    ),
    Case("an algorithm is no list", policy(ikeIntegrity=["SHA256"]), (("type", "spec.ikeIntegrity"),)),
    Case("an algorithm is no object", policy(ikeIntegrity={"name": "SHA256"}), (("type", "spec.ikeIntegrity"),)),
    Case("an algorithm is no boolean, which YAML makes of off", policy(pfsGroup=False), (("type", "spec.pfsGroup"),)),
    Case("an absent lifetime is 27000 seconds", policy(saLifeTimeSeconds=DROP)),
    Case("a null lifetime is an absent one", policy(saLifeTimeSeconds=None)),
    Case("an absent volume is 102400000 kilobytes", policy(saDataSizeKilobytes=DROP)),
    Case("300 seconds is the shortest lifetime", policy(saLifeTimeSeconds=300)),
    Case("299 seconds is too short", policy(saLifeTimeSeconds=299), (("range", "spec.saLifeTimeSeconds"),)),
    Case("0 seconds is too short", policy(saLifeTimeSeconds=0), (("range", "spec.saLifeTimeSeconds"),)),
    Case("a negative lifetime is too short", policy(saLifeTimeSeconds=-27000), (("range", "spec.saLifeTimeSeconds"),)),
    Case("172799 seconds is the longest lifetime", policy(saLifeTimeSeconds=172799)),
    Case("two days are too long", policy(saLifeTimeSeconds=172800), (("range", "spec.saLifeTimeSeconds"),)),
    Case("a lifetime in quotes is no number", policy(saLifeTimeSeconds="27000"), (("type", "spec.saLifeTimeSeconds"),)),
    Case("a lifetime is a whole number", policy(saLifeTimeSeconds=27000.5), (("type", "spec.saLifeTimeSeconds"),)),
    Case("27000.0 is a whole number", policy(saLifeTimeSeconds=27000.0)),
    Case("a lifetime is no boolean", policy(saLifeTimeSeconds=True), (("type", "spec.saLifeTimeSeconds"),)),
    Case("0 kilobytes means no limit by volume", policy(saDataSizeKilobytes=0)),
    Case(
        "nothing may be unavailable",
        policy(rollout={"maxUnavailable": 0}),
        (("rollout-max-unavailable", "spec.rollout.maxUnavailable"),),
    ),
    Case(
        "a share that is no percentage",
        policy(rollout={"maxUnavailable": "10 %"}),
        (("rollout-max-unavailable", "spec.rollout.maxUnavailable"),),
    ),
    Case("1 kilobyte is too little", policy(saDataSizeKilobytes=1), (("sa-data-size", "spec.saDataSizeKilobytes"),)),
    Case(
        "1023 kilobytes are too little",
        policy(saDataSizeKilobytes=1023),
        (("sa-data-size", "spec.saDataSizeKilobytes"),),
    ),
    Case("1024 kilobytes are the least", policy(saDataSizeKilobytes=1024)),
    Case("2147483647 kilobytes are the most", policy(saDataSizeKilobytes=2147483647)),
    Case(
        "2147483648 kilobytes are too much",
        policy(saDataSizeKilobytes=2147483648),
        (("range", "spec.saDataSizeKilobytes"),),
    ),
    Case(
        "1024.0 kilobytes are no number to CEL",
        policy(saDataSizeKilobytes=1024.0),
        (("sa-data-size", "spec.saDataSizeKilobytes"),),
    ),
    Case("a negative volume is too little", policy(saDataSizeKilobytes=-1), (("range", "spec.saDataSizeKilobytes"),)),
    Case(
        "all that is wrong is said at once",
        policy(ikeEncryption="AES512", ipsecIntegrity=DROP, saLifeTimeSeconds=10, saDataSizeKilobytes=10),
        (
            ("enum", "spec.ikeEncryption"),
            ("required", "spec.ipsecIntegrity"),
            ("range", "spec.saLifeTimeSeconds"),
            ("sa-data-size", "spec.saDataSizeKilobytes"),
        ),
    ),
    Case(
        "two broken rules are both said",
        policy(ipsecEncryption="GCMAES128", saDataSizeKilobytes=512),
        (*_GCM, ("sa-data-size", "spec.saDataSizeKilobytes")),
    ),
    Case("a name of 63 characters", policy({"name": "a" * 63})),
    Case(
        "a name of 64 characters is too long for a label",
        policy({"name": "a" * 64}),
        (("name-length", "metadata.name"),),
    ),
    Case("a name may have dots", policy({"name": "site6.example.com"})),
    Case("a name has no capitals", policy({"name": "Site6"}), (("object-name", "metadata.name"),)),
    Case("a name has no slash", policy({"name": "a/b"}), (("object-name", "metadata.name"),)),
    Case("a name is not a way up", policy({"name": ".."}), (("object-name", "metadata.name"),)),
    Case("a name has no percent sign", policy({"name": "a%2fb"}), (("object-name", "metadata.name"),)),
    Case("a field that nobody knows is ignored", policy(comment="from a newer version")),
    Case(
        "a misspelt field leaves the right one missing",
        policy(ikeEncryption=DROP, ikeEncription="AES256"),
        (("required", "spec.ikeEncryption"),),
        hint="ikeEncription",
    ),
    Case("a spec must be there", {**policy(), "spec": None}, (("required", "spec"),)),
    Case("a spec is no text", {**policy(), "spec": "AES256"}, (("type", "spec"),)),
    Case("a spec is no list: one policy per object", {**policy(), "spec": [policy()["spec"]]}, (("type", "spec"),)),
]
