"""`python -m azure_vpn_operator` is `azure-vpn-operator`."""

import sys

from azure_vpn_operator.app.cli import main

sys.exit(main())
