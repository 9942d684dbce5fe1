"""Azure's side of a connection as a strongSwan: the simulator's, which shares nothing with the package.

Whatever negotiates with it does what Azure's tables say, not what the package makes of them.
"""

from collections.abc import Mapping, Sequence

from azure_vpn_simulator.ipsec import suite
from azure_vpn_simulator.strongswan import proposals
from azure_vpn_simulator.strongswan.configuration import Side, swanctl

AZURE_ADDRESS = "203.0.113.1"
DEVICE_ADDRESS = "203.0.113.2"
KEY = "Tests.only.1234567890"

DEFAULT_IKE = [
    f"{cipher}-{integrity}-modp1024" for cipher in ("aes256", "aes128", "3des") for integrity in ("sha1", "sha256")
]
DEFAULT_AS_INITIATOR = ["aes256gcm16", "aes256-sha1", "3des-sha1", "aes256-sha256", "aes128-sha1", "3des-sha256"]
DEFAULT_AS_RESPONDER = [
    *DEFAULT_AS_INITIATOR,
    *("des-sha1", "aes128-sha256"),
    *(f"{pair}-modp768" for pair in ("aes256-sha1", "aes128-sha1", "3des-sha1", "aes256-sha256", "aes128-sha256")),
    *(f"{pair}-modp1024" for pair in ("aes256-sha1", "aes128-sha1", "3des-sha1", "3des-sha256", "aes256-sha256")),
    "aes128-sha256-modp1024",
    *(f"{pair}-modp2048" for pair in ("aes256-sha1", "aes128-sha1", "aes256-sha256", "aes128-sha256", "3des-sha1")),
    *("aes256-sha1-modp2048s256", "aes256-sha256-modp2048s256"),
]


def ike_proposal(policy: Mapping[str, str]) -> str:
    """What Azure offers and accepts in phase 1 with a policy that IKE can negotiate."""
    proposal = proposals.ike_proposal(suite(dict(policy)).ike)
    assert proposal is not None
    return proposal


def esp_proposal(policy: Mapping[str, str]) -> str:
    """What Azure offers and accepts in phase 2 with a policy."""
    wanted = suite(dict(policy))
    return proposals.esp_proposal(wanted.esp, wanted.pfs)


def azure_side(
    ike: Sequence[str],
    esp: Sequence[str],
    *,
    selectors: Sequence[tuple[str, str]] = (("0.0.0.0/0", "0.0.0.0/0"),),
    version: int = 2,
    address: str = AZURE_ADDRESS,
    device: str = DEVICE_ADDRESS,
    key: str = KEY,
) -> str:
    """A swanctl.conf; of each selector the range on Azure's side comes first. Children are called `azure-1`, `azure-2` and so on."""
    ranges = [((local,), (remote,)) for local, remote in selectors]
    return swanctl(Side(address, device, ike, esp, key, selectors=ranges, version=version), "azure")
