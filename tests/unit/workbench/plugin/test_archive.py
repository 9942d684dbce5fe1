"""The same files make the same archive, whoever packs them and when."""

import os
import tarfile
from hashlib import sha256
from pathlib import Path

from workbench.plugin.archive import pack


def a_folder(at: Path, moment: float) -> Path:
    (at / "lib").mkdir(parents=True)
    for name, mode in (("run", 0o755), ("lib/b.py", 0o644), ("lib/a.py", 0o600)):
        file = at / name
        file.write_text(name)
        file.chmod(mode)
        os.utime(file, (moment, moment))
    return at


def test_equal_files_make_equal_archives(tmp_path: Path):
    one = pack(a_folder(tmp_path / "one", 1e9), tmp_path / "one.tar.gz")
    other = pack(a_folder(tmp_path / "other", 1.5e9), tmp_path / "other.tar.gz")

    assert one == other == sha256((tmp_path / "one.tar.gz").read_bytes()).hexdigest()
    with tarfile.open(tmp_path / "one.tar.gz") as opened:
        members = {member.name: member.mode for member in opened}
        assert members == {"lib": 0o755, "lib/a.py": 0o644, "lib/b.py": 0o644, "run": 0o755}
        assert {(member.uid, member.uname, member.mtime) for member in opened} == {(0, "", 0)}
