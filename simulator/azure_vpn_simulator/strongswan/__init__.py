"""Two real IKE daemons for each tunnel, in network namespaces: they can decide whether it comes up.

Each is a strongSwan in a namespace of its own, with ESP that carries traffic. ESP is done in user space (strongSwan's
kernel-libipsec), since many kernels of containers and small machines have none. The namespaces are those of the two daemons:
they are gone with them, whatever ends them.
"""
