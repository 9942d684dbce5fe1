"""`peer-config`: the configuration of the device at the other end, from the policy that is in force.

`command.py` is the command line; `objects.py` finds the objects in the cluster or in files; `in_force.py` says which values hold;
`peer_side.py` is what the device has to know; one module for each device says how it is told, and `devices.py` lists them.
"""
