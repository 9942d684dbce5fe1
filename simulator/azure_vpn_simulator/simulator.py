"""A simulator as one object: what the TLS server answers from, and what the control API changes."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from azure_vpn_simulator.azure import Azure
from azure_vpn_simulator.clock import Clock
from azure_vpn_simulator.faults import Faults
from azure_vpn_simulator.identity import Identity
from azure_vpn_simulator.journal import Journal
from azure_vpn_simulator.server import ArmServer
from azure_vpn_simulator.topology import Topology
from azure_vpn_simulator.tunnels.judging import Judge, Rules


class Simulator:
    """The parts of a simulator without its sockets."""

    def __init__(self, topology: Topology, clock: Clock, token_key: RSAPrivateKey, judge: Judge | None = None) -> None:
        """Without a judge, tunnels come up by the rules."""
        self.clock = clock
        self.azure = Azure(topology, clock, judge or Rules())
        self.identity = Identity(token_key, clock)
        self.faults = Faults()
        self.journal = Journal()
        self.server = ArmServer(self.azure, self.identity, self.faults, self.journal)

    def clear_faults(self) -> None:
        """Remove every fault; stuck operations end, hanging requests are cut."""
        self.faults.clear()
        self.server.release_hanging()
        self.azure.world.operations.release_stuck()
