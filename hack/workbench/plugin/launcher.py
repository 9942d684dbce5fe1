#!/usr/bin/env python3
"""kubectl-azvpn, with its libraries beside it; `python3` may be any of those for which there are some."""
# ruff: noqa: PTH112, PTH118, PTH120, PTH208 - pathlib takes time to load, and each command begins here

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
LIBRARIES = os.path.join(HERE, "lib")
OWN = os.path.join(LIBRARIES, "cp{}{}".format(*sys.version_info))

if not os.path.isdir(OWN):
    known = sorted(name for name in os.listdir(LIBRARIES) if name.startswith("cp"))
    versions = ", ".join("3." + name[3:] for name in known)
    sys.stderr.write("kubectl-azvpn needs Python {}; python3 is {}.{}\n".format(versions, *sys.version_info))
    sys.exit(2)
sys.path[:1] = [os.path.join(LIBRARIES, "all"), OWN]

from azure_vpn_operator.azvpn.cli import main  # noqa: E402 - only now it can be found

sys.exit(main())
