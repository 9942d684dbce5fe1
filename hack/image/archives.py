"""Reduces pip's installation report to what a bill of materials wants: which archive each distribution came from.

The report itself has the addresses of the index or mirror, which concern nobody who gets the image.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    archives = [
        {
            "name": entry["metadata"]["name"],
            "version": entry["metadata"]["version"],
            "file": entry["download_info"]["url"].rsplit("/", 1)[-1],
            "sha256": entry["download_info"]["archive_info"]["hashes"]["sha256"],
        }
        for entry in report["install"]
    ]
    json.dump(sorted(archives, key=lambda archive: archive["name"].lower()), sys.stdout, indent=1)
