import pytest

from workbench.bench.start import kilobytes_per_connection, tunnels_bound


def a_start(connections: int, mebibytes: float) -> dict[str, float]:
    return {"connections": connections, "residentMebibytes": mebibytes}


@pytest.mark.parametrize(
    ("starts", "slope"),
    [
        pytest.param([a_start(100, 110.0), a_start(1124, 130.0)], 20.0, id="from the smallest to the largest"),
        pytest.param([a_start(1124, 130.0), a_start(500, 999.0), a_start(100, 110.0)], 20.0, id="in any order"),
        pytest.param([a_start(100, 110.0)], None, id="one size has no slope"),
    ],
)
def test_memory_per_connection(starts: list[dict[str, float]], slope: float | None):
    assert kilobytes_per_connection(starts) == slope


def test_reads_by_time_use_half_of_the_quota():
    assert tunnels_bound(1000) == 80.0
