"""Takes the picture of the README from a demo that runs: `make demo-up`, then `python -m workbench.demo.screenshot`.

What it shows is what kubectl prints. It also goes to standard output, for the text beside the picture.
"""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from workbench.demo.folder import DemoFolder
from workbench.stack import ROOT

PICTURE = ROOT / "docs" / "images" / "demo.svg"
COMMAND = ("kubectl", "get", "vpnconn,ipsecpol")

_WIDTH = 110


def main() -> int:
    """Write the picture; returns 0, or 1 if no demo runs."""
    folder = DemoFolder(ROOT / ".demo")
    if not folder.is_running_in_background:
        sys.stderr.write("No demo runs in the background: `make demo-up` first.\n")
        return 1
    output = _kubectl(folder.kubeconfig)
    print(output)
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    console.print(Text(f"$ {' '.join(COMMAND)}", style="bold"))
    for line in output.splitlines():
        console.print(_coloured(line))
    svg = console.export_svg(title="azure-vpn-operator: every tunnel is up")
    # The picture must not load anything from elsewhere: fonts of the reader's machine do.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")
    return 0


def _kubectl(kubeconfig: Path) -> str:
    program, *arguments = COMMAND
    command = [program, "--kubeconfig", str(kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _coloured(line: str) -> Text:
    text = Text(line, style="bold" if line.startswith("NAME") else "")
    text.highlight_regex(r"\b(True|UpToDate|1/1|2/2)\b", "green")
    return text


if __name__ == "__main__":
    sys.exit(main())
