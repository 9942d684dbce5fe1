"""`python -m azure_vpn_simulator`."""

import sys

from azure_vpn_simulator.cli import main

sys.exit(main())
