"""What is below a connection: its shared key, a reset, and the IKE security associations."""

import json
import zlib
from typing import Any

from azure_vpn_simulator import access
from azure_vpn_simulator import connection_bodies as bodies
from azure_vpn_simulator import invented_codes as invented
from azure_vpn_simulator.connections import Connections
from azure_vpn_simulator.errors import bad_content
from azure_vpn_simulator.ipsec import IKE_LIFETIME_SECONDS
from azure_vpn_simulator.operations import Operation, Outcome
from azure_vpn_simulator.resources import Connection
from azure_vpn_simulator.tunnels.driver import ike_sa_age
from azure_vpn_simulator.tunnels.ends import public_addresses
from azure_vpn_simulator.tunnels.history import Cause
from azure_vpn_simulator.tunnels.state import Tunnel
from azure_vpn_simulator.wire import Call, Reply, json_reply
from azure_vpn_simulator.world import World

READ_KEY = "Microsoft.Network/connections/sharedKey/action"
_SET_KEY = "PutVirtualNetworkGatewayConnectionSharedKeyOperation"
_RESET_KEY = "ResetVirtualNetworkGatewayConnectionSharedKeyOperation"
_RESET = "ResetVirtualNetworkGatewayConnectionOperation"
_IKE_SAS = "GetIkeSasVirtualNetworkGatewayConnectionOperation"


class ConnectionActions:
    """Answers requests about parts of connections."""

    def __init__(self, world: World, connections: Connections) -> None:
        self._world = world
        self._connections = connections

    def get_key(self, call: Call) -> Reply:
        """GET sharedkey; who may not read it gets an empty array, or a 500 where the topology says so."""
        connection = self._connections.find(call)
        if call.effects.wrong_type_shared_key:
            return json_reply(200, {"value": []})
        if not access.allowed(call.principal, READ_KEY, call.scope):
            if self._world.options.shared_key_without_right == "error":
                raise invented.KEY_UNREADABLE.error("An error occurred.")
            return json_reply(200, {"value": []})
        return json_reply(200, {"value": connection.key})

    def set_key(self, call: Call) -> Reply:
        """PUT sharedkey: 200 without a body; readable at once, in force when the operation ends."""
        connection = self._connections.find(call)
        value = bodies.check_key(call.request.json_object().get("value"))
        self._begin_key(call, connection)
        connection.key = value
        operation = self._key_operation(call, connection, _SET_KEY)
        return Reply(200, None, self._world.operation_headers(call, operation))

    def reset_key(self, call: Call) -> Reply:
        """POST sharedkey/reset: a new random key of the length asked for, read by GET afterwards."""
        connection = self._connections.find(call)
        length = call.request.json_object().get("keyLength")
        if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= 128:
            raise bad_content("keyLength must be an integer from 1 to 128")
        self._begin_key(call, connection)
        connection.key = self._world.guids.letters(length)
        operation = self._key_operation(call, connection, _RESET_KEY)
        operation.properties = {}
        return Reply(202, None, self._world.operation_headers(call, operation, location=True))

    def reset(self, call: Call) -> Reply:
        """POST resetconnection: the tunnels go down and are negotiated anew."""
        connection = self._connections.find(call)
        self._world.require_action(call)
        self._connections.require_free(call, connection.properties)

        def finish(operation: Operation) -> None:
            if operation.error is None and connection.live is not None:
                self._world.tunnels.negotiate(connection, Cause.RESET)

        locked = self._connections.locked_gateways(connection.properties)
        return self._world.start_action(
            call, _RESET, connection, self._world.options.durations.reset_connection, finish, locked
        )

    def ike_sas(self, call: Call) -> Reply:
        """POST getikesas: 202; the finished operation holds a string with JSON in it."""
        connection = self._connections.find(call)

        def finish(operation: Operation) -> None:
            if operation.error is None:
                output = json.dumps(self._ike_sas(connection))
                operation.properties = {"output": output}
                operation.outcome = Outcome(200, output)

        return self._world.start_action(call, _IKE_SAS, connection, self._world.options.durations.get_ike_sas, finish)

    def _begin_key(self, call: Call, connection: Connection) -> None:
        self._world.require_action(call)
        self._connections.require_free(call, connection.properties)

    def _key_operation(self, call: Call, connection: Connection, name: str) -> Operation:
        durations = self._world.options.durations
        return self._connections.begin(call, connection, name, durations.shared_key, settle=durations.shared_key_settle)

    def _ike_sas(self, connection: Connection) -> dict[str, Any]:
        sas = [self._ike_sa(connection, tunnel) for tunnel in connection.tunnels if tunnel.established is not None]
        return {"IkeSAs": sas}

    def _ike_sa(self, connection: Connection, tunnel: Tunnel) -> dict[str, Any]:
        world, live = self._world, connection.live
        now = world.timeline.now
        agreed, child = tunnel.agreed, tunnel.child
        if live is None or agreed is None or child is None:
            return {}
        number, age = ike_sa_age(tunnel, now)
        seed = f"{connection.id.key}/{tunnel.index}/{tunnel.generation}/{number}"
        ingress, egress = tunnel.bytes_at(now)
        local, remote = public_addresses(world.store, connection, tunnel.index)
        return {
            "LocalEndpoint": local,
            "RemoteEndpoint": remote,
            "InitiatorCookie": _cookie(seed + "/i"),
            "ResponderCookie": _cookie(seed + "/r"),
            "LocalUdpEncapsulationPort": 0,
            "RemoteUdpEncapsulationPort": 0,
            "Encryption": agreed.suite.ike.encryption,
            "Integrity": agreed.suite.ike.integrity,
            "DhGroup": agreed.suite.ike.group,
            "LifeTimeSeconds": IKE_LIFETIME_SECONDS,
            "IsSaInitiator": live.mode != "ResponderOnly",
            "ElapsedTimeInSeconds": int(age),
            "QuickModeSAs": [
                {
                    "LocalEndpoint": local,
                    "RemoteEndpoint": remote,
                    "Encryption": agreed.suite.esp.encryption,
                    "Integrity": agreed.suite.esp.integrity,
                    "PfsGroupId": agreed.suite.pfs if tunnel.rekeys else "None",
                    "InboundSPI": _cookie(f"{seed}/{tunnel.rekeys}/in") & 0xFFFFFFFF,
                    "OutboundSPI": _cookie(f"{seed}/{tunnel.rekeys}/out") & 0xFFFFFFFF,
                    "LifetimeKilobytes": child.kilobytes,
                    "LifeTimeSeconds": child.seconds,
                    "ElapsedTimeInSeconds": int(now - child.since),
                    "InboundBytes": ingress,
                    "OutboundBytes": egress,
                }
            ],
        }


def _cookie(seed: str) -> int:
    data = seed.encode()
    return zlib.crc32(data) << 32 | zlib.crc32(data[::-1])
