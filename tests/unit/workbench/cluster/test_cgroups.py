from pathlib import Path

import pytest

from workbench.cluster import cgroups


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        pytest.param("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", ["/sys/fs/cgroup"], id="version 2"),
        pytest.param(
            "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
            "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
            ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"],
            id="both",
        ),
        pytest.param("/dev/vda / ext4 rw 0 0\n", [], id="none"),
    ],
)
def test_each_hierarchy_is_found_where_it_is_mounted(mounts: str, found: list[str]) -> None:
    assert cgroups.hierarchies(mounts) == [Path(path) for path in found]
