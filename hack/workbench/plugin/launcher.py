#!/usr/bin/env python3
"""kubectl-azvpn, with its libraries beside it; `python3` may be any of those for which there are some."""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 - pathlib takes time to load
LIBRARIES = os.path.join(HERE, "lib")  # noqa: PTH118
OWN = os.path.join(LIBRARIES, "cp{}{}".format(*sys.version_info))  # noqa: PTH118

if not os.path.isdir(OWN):  # noqa: PTH112
    known = sorted(name for name in os.listdir(LIBRARIES) if name.startswith("cp"))  # noqa: PTH208
    versions = ", ".join("3." + name[3:] for name in known)
    sys.stderr.write("kubectl-azvpn needs Python {}; python3 is {}.{}\n".format(versions, *sys.version_info))
    sys.exit(2)
sys.path[:1] = [os.path.join(LIBRARIES, "all"), OWN]  # noqa: PTH118

from azure_vpn_operator.azvpn.cli import main  # noqa: E402 - only now it can be found

sys.exit(main())
