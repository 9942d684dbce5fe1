"""What one GET of a connection by Azure's SDK costs this machine: the yardstick of promises about processor time.

Milliseconds compare nothing between machines, and the SDK's own work is most of what the operator cannot make cheaper. The
promise of 40 ms was made where such a GET costs 1 ms, so it is one of 40 GETs. Run as a program it measures one.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from azure.identity.aio import ClientSecretCredential
from azure.mgmt.network.aio import NetworkManagementClient

SDK_GETS: Final = 40
"""So many of these GETs is what the change of one connection may cost."""
_GETS: Final = 200
_WARM_UP: Final = 20


def sdk_gets(mass_edit: Mapping[str, Any]) -> float:
    """How many such GETs the processor time for one connection of a mass edit would pay for."""
    used: float = mass_edit["perConnection"]["processorMilliseconds"]
    one: float = mass_edit["sdkGetMilliseconds"]
    return round(used / one, 1)


def measure_get(environment: Mapping[str, str], resource_group: str, name: str) -> float:
    """Milliseconds of processor time of one GET, in a process with this environment; the connection must be there."""
    command = [sys.executable, "-m", "workbench.bench.yardstick", resource_group, name]
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run(
        command, env={**environment, **paths}, capture_output=True, text=True, check=True, timeout=120
    )
    return float(json.loads(ended.stdout)["milliseconds"])


async def _measure(resource_group: str, name: str) -> float:
    given: Mapping[str, str] = os.environ
    credential = ClientSecretCredential(
        given["AZURE_TENANT_ID"],
        given["AZURE_CLIENT_ID"],
        given["AZURE_CLIENT_SECRET"],
        authority=given["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
    )
    endpoint = given["AZURE_RESOURCE_MANAGER_ENDPOINT"]
    scope = f"{given.get('AZURE_RESOURCE_MANAGER_AUDIENCE', endpoint).rstrip('/')}/.default"
    client: Any = NetworkManagementClient(
        credential, given["AZURE_SUBSCRIPTION_ID"], base_url=endpoint, credential_scopes=[scope]
    )
    begun = 0.0
    async with credential, client:
        for number in range(_WARM_UP + _GETS):
            if number == _WARM_UP:
                begun = time.process_time()
            await client.virtual_network_gateway_connections.get(resource_group, name)
    return 1000 * (time.process_time() - begun) / _GETS


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"milliseconds": asyncio.run(_measure(*sys.argv[1:3]))}))
