"""What `kubectl azvpn rollout` takes."""

import argparse
from typing import Final

from azure_vpn_operator.azvpn import kubectl

EXAMPLES = """\
  kubectl azvpn rollout status site6               follow it until it has ended; 1 if it failed
  kubectl azvpn rollout history site6
  kubectl azvpn rollout undo site6                 write the values from before into the policy
  kubectl azvpn rollout retry site6                try values again that have failed
  kubectl azvpn rollout continue site6             do not wait for the canary's rekey
  kubectl azvpn rollout pause site6                and: resume"""


ACTIONS: Final = {
    "status": "follow an edit until all connections have it, or it has failed",
    "history": "list the values that the policy had, and what each changed",
    "undo": "write earlier values into the policy",
    "retry": "try values again that have failed",
    "continue": "go on without the canary's rekey",
    "pause": "move no further connection",
    "resume": "go on after a pause",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary in ACTIONS.items():
        chosen = actions.add_parser(name, help=summary, description=summary)
        chosen.add_argument("policy", metavar="POLICY", help="name of the IpsecPolicy")
        kubectl.add_arguments(chosen)
        match name:
            case "status":
                chosen.add_argument(
                    "--watch", action=argparse.BooleanOptionalAction, default=True, help="follow it until it has ended"
                )
                chosen.add_argument("--timeout", type=float, metavar="SECONDS", help="follow it no longer than that")
            case "undo":
                chosen.add_argument("--to", metavar="REVISION", help="to these values, as `rollout history` names them")
                chosen.add_argument("--force", action="store_true", help="also where the policy comes from Git")
            case _:
                pass
