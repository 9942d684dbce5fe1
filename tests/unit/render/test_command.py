import shutil
from pathlib import Path

import pytest

from azure_vpn_operator.render.__main__ import main
from azure_vpn_operator.render.generators import COPIES

pytestmark = pytest.mark.slow

_REPOSITORY = Path(__file__).parents[3]
_PATHS = ["crds/azvpn.dev_ipsecpolicies.yaml", "crds/azvpn.dev_vpnconnections.yaml"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that has nothing but what somebody wrote by hand and something else copies."""
    for original in set(COPIES.values()) - set(_PATHS):
        (tmp_path / original).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_REPOSITORY / original, tmp_path / original)
    return tmp_path


def test_command_writes_what_is_missing_and_then_nothing(root: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--root", str(root)]) == 0
    written = capsys.readouterr().out
    assert all(path in written and (root / path).is_file() for path in _PATHS)

    assert main(["--root", str(root)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["--root", str(root), "--check"]) == 0


def test_check_names_what_is_stale_and_leaves_it(root: Path, capsys: pytest.CaptureFixture[str]):
    main(["--root", str(root)])
    stale = root / _PATHS[0]
    stale.write_text("edited")
    (root / _PATHS[1]).unlink()

    assert main(["--root", str(root), "--check"]) == 1

    told = capsys.readouterr().err
    assert all(f"stale: {path}" in told for path in _PATHS)
    assert stale.read_text() == "edited"
    assert not (root / _PATHS[1]).exists()


def test_a_copy_is_stale_as_soon_as_its_original_changes(root: Path, capsys: pytest.CaptureFixture[str]):
    main(["--root", str(root)])
    (original,) = [path for path in COPIES.values() if path.endswith("secret-access.yaml")]
    (root / original).write_text("changed\n")

    assert main(["--root", str(root), "--check"]) == 1
    assert "stale: charts/azure-vpn-operator/files/secret-access.yaml" in capsys.readouterr().err
    assert main(["--root", str(root)]) == 0
    assert (root / "charts/azure-vpn-operator/files/secret-access.yaml").read_text() == "changed\n"
