"""What the operator's start costs before anything is asked of it."""

import subprocess
import sys

import pytest

COUNTING = """
import gc, sys
begun = []
gc.callbacks.append(lambda phase, _: begun.append(phase) if phase == "start" else None)
from azure_vpn_operator.__main__ import main
sys.argv = ["azure-vpn-operator", "version"]
code = main()
print(code, len(begun), gc.isenabled())
"""


@pytest.mark.slow
def test_nobody_looks_for_garbage_while_libraries_are_loaded_and_afterwards_it_is_looked_for_as_always():
    ended = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True)

    code, collections, looked_for = ended.stdout.split()[-3:]
    assert (code, looked_for) == ("0", "True")
    assert int(collections) < 10, "hundreds while each library adds what stays"
