"""What two daemons need of the machine."""

import os
import shutil
import sys
from pathlib import Path

CHARON = Path("/usr/lib/ipsec/charon")
PACKAGES = (
    "strongswan-swanctl strongswan-charon libcharon-extra-plugins libstrongswan-extra-plugins "
    "libstrongswan-standard-plugins iproute2"
)
"""Of Debian and Ubuntu."""


def find_missing() -> str | None:
    """Why two daemons cannot be started here, or None."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    plugins = CHARON.parent / "plugins"
    found = (
        all(map(shutil.which, ("swanctl", "ip", "nsenter", "unshare", "setpriv")))
        and CHARON.exists()
        and (plugins / "libstrongswan-kernel-libipsec.so").exists()
    )
    if not found:
        return f"strongSwan is not complete: apt-get install --no-install-recommends {PACKAGES}"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    return None
