"""The access file: what it says, how it is refused, and how changes of it take effect."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.app import access_watch
from azure_vpn_operator.app.access_file import AccessFileError, parse_access_file
from azure_vpn_operator.app.access_watch import POLL_SECONDS, AccessWatch, load_access
from azure_vpn_operator.app.cli import main
from azure_vpn_operator.domain.access import AccessRules, Identity, NamespaceEntry
from azure_vpn_operator.telemetry.metrics import Metrics
from support.fakes.clock import FakeClock

ONE = "11111111-1111-4111-8111-111111111111"
TENANT = "22222222-2222-4222-8222-222222222222"
CLIENT = "33333333-3333-4333-8333-333333333333"
HUB = f"/subscriptions/{ONE}/resourceGroups/Hub/providers/Microsoft.Network/virtualNetworkGateways/HubGW"
CANARY = "canary-that-must-not-be-quoted"

WHOLE: dict[str, Any] = {
    "default": "Allow",
    "identities": [
        {"name": "red", "tenantId": TENANT, "clientId": CLIENT, "clientSecretFile": "/secrets/red/secret"},
        {"name": "blue", "clientId": CLIENT, "managedIdentity": True},
    ],
    "namespaces": [
        {
            "names": ["team-red", "red-*"],
            "identity": "red",
            "subscriptions": [ONE.upper()],
            "resourceGroups": ["RG-Red"],
            "gateways": [HUB, "Red-GW*"],
        },
        {"names": ["*"]},
    ],
}


def parse(document: Any) -> AccessRules:
    return parse_access_file(yaml.safe_dump(document).encode(), "access.yaml")


def test_the_whole_file_is_read():
    red = Identity("red", TENANT, CLIENT, client_secret_file="/secrets/red/secret")
    assert parse(WHOLE) == AccessRules(
        (
            NamespaceEntry(
                names=("team-red", "red-*"),
                identity=red,
                subscriptions=frozenset({ONE}),
                resource_groups=frozenset({"rg-red"}),
                gateways=(HUB.lower(), "red-gw*"),
            ),
            NamespaceEntry(names=("*",)),
        ),
        allow_others=True,
    )


def test_a_file_that_says_nothing_denies_everything():
    assert parse({}) == AccessRules()


def test_an_empty_list_stays_empty_and_allows_nothing():
    (entry,) = parse({"namespaces": [{"names": ["a"], "subscriptions": [], "gateways": []}]}).entries
    assert (entry.subscriptions, entry.gateways, entry.resource_groups) == (frozenset(), (), None)


def identity(**changes: Any) -> dict[str, Any]:
    given = {"name": "red", "tenantId": TENANT, "clientId": CLIENT, "certificateFile": "/c"} | changes
    return {"identities": [{name: value for name, value in given.items() if value is not None}]}


def entry(**changes: Any) -> dict[str, Any]:
    return {"namespaces": [{"names": ["team-a"], **changes}]}


@pytest.mark.parametrize(
    ("document", "where", "words"),
    [
        pytest.param({"namespace": []}, "namespace: ", "not permitted", id="a misspelt field would allow too much"),
        pytest.param(
            entry(subscription=[ONE]), "namespaces[0].subscription: ", "not permitted", id="misspelt further in"
        ),
        pytest.param({"default": "Maybe"}, "default: ", "'Deny' or 'Allow'", id="another default"),
        pytest.param(
            entry(subscriptions=["prod"]), "namespaces[0].subscriptions[0]: ", "pattern", id="a name, not an id"
        ),
        pytest.param(entry(subscriptions=ONE), "namespaces[0].subscriptions: ", "tuple", id="a text instead of a list"),
        pytest.param(
            entry(resourceGroups=["rg-*"]), "namespaces[0].resourceGroups[0]: ", "pattern", id="groups are exact"
        ),
        pytest.param(entry(names=[]), "namespaces[0]: ", "no namespace", id="an entry about nobody"),
        pytest.param(entry(names=["Team"]), "namespaces[0].names[0]: ", "pattern", id="no namespace is called that"),
        pytest.param(entry(gateways=["a/b"]), "namespaces[0]: ", "gateways[0]", id="neither name nor id"),
        pytest.param(
            entry(gateways=[HUB.replace("virtualNetworkGateways", "connections")]),
            "namespaces[0]: ",
            "gateways[0]",
            id="the id of something else",
        ),
        pytest.param(entry(identity="green"), "", "namespaces[0].identity", id="an identity that is not there"),
        pytest.param(
            {"namespaces": [{"names": ["team-*"]}, {"names": ["x", "team-a"]}]},
            "",
            "namespaces[1].names[1] is never reached",
            id="the more exact entry behind the broader one would be ignored",
        ),
        pytest.param(identity(clientSecretFile="/s"), "identities[0]: ", "exactly one of", id="two ways to log in"),
        pytest.param(identity(certificateFile=None), "identities[0]: ", "exactly one of", id="no way to log in"),
        pytest.param(
            identity(certificateFile=None, clientSecretFile="/s", certificatePasswordFile="/p"),
            "identities[0]: ",
            "belongs to a certificateFile",
            id="a password of no certificate",
        ),
        pytest.param(
            identity(certificatePassword="canary"),
            "identities[0].certificatePassword: ",
            "not permitted",
            id="a password in the file itself, which is no secret",
        ),
        pytest.param(identity(tenantId=None), "identities[0]: ", "tenantId and clientId", id="no tenant"),
        pytest.param(
            identity(certificateFile="c.pem"), "identities[0].certificateFile: ", "pattern", id="a relative path"
        ),
        pytest.param(
            identity(clientSecret=CANARY),
            "identities[0].clientSecret: ",
            "not permitted",
            id="a secret in the file itself",
        ),
        pytest.param(
            {"identities": [identity()["identities"][0]] * 2}, "", "more than once", id="two identities of one name"
        ),
        pytest.param([CANARY], "", "not a mapping", id="not a mapping"),
    ],
)
def test_refused_with_the_place_and_without_quoting(document: Any, where: str, words: str):
    with pytest.raises(AccessFileError) as raised:
        parse(document)
    assert str(raised.value).startswith(f"access.yaml: {where}")
    assert words in str(raised.value)
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("namespaces: [", "not YAML in line", id="broken off"),
        pytest.param("default: Allow\ndefault: Deny\n", "more than once", id="of two equal keys YAML takes the last"),
        pytest.param("a: !!python/object/apply:os.getcwd []", "not YAML", id="a tag that would run code"),
        pytest.param("\xff\xfe\x00", "not YAML", id="no text at all"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(text: str, words: str):
    with pytest.raises(AccessFileError, match=words):
        parse_access_file(text.encode("latin-1"), "access.yaml")


class Mounted:
    """A file as the kubelet mounts it: the name is a link to a link, and a change swaps the one in the middle."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        (folder / "access.yaml").symlink_to("..data/access.yaml")
        self.path = folder / "access.yaml"

    def swap(self, text: str | None) -> None:
        self._number += 1
        version = self._folder / f"..{self._number}"
        version.mkdir()
        if text is not None:
            (version / "access.yaml").write_text(text)
        (self._folder / "..tmp").symlink_to(version.name)
        (self._folder / "..tmp").replace(self._folder / "..data")


class Followed:
    def __init__(self, folder: Path) -> None:
        self.file = Mounted(folder)
        self.file.swap(yaml.safe_dump(entry()))
        self.clock = FakeClock()
        self.metrics = Metrics(version="test")
        self.applied: list[AccessRules] = []
        loaded = load_access(str(self.file.path))
        self.watch = AccessWatch(loaded, self.applied.append, self.clock, self.metrics.access)

    def valid(self) -> float | None:
        return self.metrics.registry.get_sample_value("azure_vpn_operator_access_file_valid")


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


async def test_a_swapped_file_takes_effect_by_the_next_poll(followed: Followed, monkeypatch: pytest.MonkeyPatch):
    async def at_once(work: Any, *args: Any) -> Any:
        return work(*args)

    monkeypatch.setattr(access_watch.asyncio, "to_thread", at_once)
    running = asyncio.ensure_future(followed.watch.run())
    await followed.clock.advance(POLL_SECONDS + 1)
    assert followed.applied == []
    followed.file.swap(yaml.safe_dump(WHOLE))
    await followed.clock.advance(POLL_SECONDS)
    assert followed.applied == [parse(WHOLE)]
    await followed.clock.advance(10 * POLL_SECONDS)
    assert len(followed.applied) == 1
    running.cancel()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("namespaces: [", id="broken"),
        pytest.param(yaml.safe_dump(entry(nonsense=1)), id="invalid"),
        pytest.param("", id="empty"),
        pytest.param(None, id="gone"),
    ],
)
async def test_a_file_that_cannot_be_used_keeps_the_last_good_one_and_is_complained_about(
    followed: Followed, text: str | None, caplog: pytest.LogCaptureFixture
):
    followed.file.swap(text)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await followed.watch.look()
    assert followed.applied == []
    assert followed.valid() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "the access file cannot be used; the rules read before it hold on"
    ]

    await followed.clock.advance(access_watch.REMIND_SECONDS)
    with caplog.at_level(logging.ERROR):
        await followed.watch.look()
    assert len(caplog.records) == 2, "it is said again from time to time"

    followed.file.swap(yaml.safe_dump(entry()))
    await followed.watch.look()
    assert followed.valid() == 1
    assert followed.applied == [], "the rules are what they were"


async def test_a_change_of_the_text_alone_looks_at_nothing_again(followed: Followed):
    followed.file.swap("# a comment\n" + yaml.safe_dump(entry()))
    await followed.watch.look()
    assert followed.applied == []


@pytest.mark.parametrize("text", [None, "default: Maybe\n"], ids=["missing", "invalid"])
def test_the_operator_does_not_start_with_a_file_that_it_cannot_use(
    tmp_path: Path, text: str | None, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "access.yaml"
    if text is not None:
        path.write_text(text)
    assert main(["run", "--installation-id", "it", "--access-file", str(path)]) == 2
    shown = capsys.readouterr().err
    assert str(path) in shown
    assert ("default: " in shown) is (text is not None)
