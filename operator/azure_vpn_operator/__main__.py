"""`azure-vpn-operator`, also as `python -m azure_vpn_operator`: the controller, where its libraries are installed."""

import gc
import sys

EXTRA = "azure-vpn-operator[controller]"


def main() -> int:
    """Run the program; returns the exit code. Says what to install where only the tool `kubectl azvpn` is."""
    # What is imported stays: to look through it for garbage again and again would be a fifth of the start.
    gc.disable()
    try:
        from azure_vpn_operator.app.cli import main as run  # noqa: PLC0415 - what it imports may not be installed
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("azure_vpn_operator"):
            raise
        sys.stderr.write(f"azure-vpn-operator: the library {error.name} is not installed: pip install '{EXTRA}'\n")
        return 2
    gc.freeze()
    gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
