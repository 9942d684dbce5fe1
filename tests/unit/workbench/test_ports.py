"""Who gets which port."""

import os
import socket
import subprocess
import sys

import pytest

from workbench.ports import HOST, choose_ports

ALL_OF_THEM = """
import sys
from workbench.ports import choose_ports
print(choose_ports(3, range({0}, {0} + 3)), flush=True)
sys.stdin.read()
"""


def test_no_port_is_given_twice_and_none_that_somebody_listens_on():
    first, *_ = choose_ports(1, range(14000, 14200, 5))
    with socket.create_server((HOST, first + 1)):
        assert choose_ports(1, range(first, first + 3)) == [first + 2]
        with pytest.raises(OSError, match=f"only 0 of 1 ports are free between {first} and {first + 2}"):
            choose_ports(1, range(first, first + 3))


def test_what_another_process_has_chosen_is_not_chosen_although_nobody_listens_there_yet():
    (first,) = choose_ports(1, range(14200, 14400, 5))
    others = range(first + 1, first + 4)
    command = [sys.executable, "-c", ALL_OF_THEM.format(first + 1)]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=where) as other:
        assert other.stdout is not None
        assert sorted(eval(other.stdout.readline())) == list(others)
        with pytest.raises(OSError, match="only 0 of 3"):
            choose_ports(3, others)
    assert sorted(choose_ports(3, others)) == list(others), "the system takes the locks back when a process ends"
