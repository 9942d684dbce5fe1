"""The algorithms on which the tunnels of demo and bench agree: those of the sample's policy for Site6."""

from typing import Final

ALGORITHMS: Final = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
}
