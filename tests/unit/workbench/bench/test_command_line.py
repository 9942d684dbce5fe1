from pathlib import Path

import pytest

from workbench.bench.__main__ import FULL, PARTS, QUICK, parse


def test_without_options_everything_is_measured():
    extent, output = parse([])
    assert extent == FULL
    assert extent.only == PARTS
    assert output.name == ".bench"


def test_options_change_what_they_name_and_nothing_else(tmp_path: Path):
    arguments = ["--quick", "--only", "growth", "--only", "mass-edit", "--fleet", "1000x25", "--growth", "100,5000"]
    extent, output = parse([*arguments, "--edits", "3", "--output", str(tmp_path)])
    assert (extent.fleet, extent.growth, extent.edits) == ((1000, 25), (100, 5000), 3)
    assert set(extent.only) == {"growth", "mass-edit"}
    assert extent.connections == QUICK.connections
    assert output == tmp_path


def test_the_blast_radius_is_measured_only_if_it_is_named():
    assert "blast-radius" not in parse([])[0].only
    extent, _ = parse(["--only", "blast-radius", "--blast", "40x8"])
    assert (extent.only, extent.blast) == (["blast-radius"], (40, 8))


@pytest.mark.parametrize(
    "fleet",
    [
        pytest.param("1000", id="no gateways"),
        pytest.param("1000x9", id="more than a gateway takes"),
        pytest.param("3x4", id="gateways without connections"),
        pytest.param("axb", id="no numbers"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(fleet: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["--fleet", fleet])
    assert fleet in capsys.readouterr().err
