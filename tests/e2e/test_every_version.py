"""Every version that the tests of this folder have shown of our objects, before the eyes of kstatus and Argo CD."""

import pytest

from support.git_tools import ArgoLua, Kstatus
from support.state_laws import broken_laws
from support.world.film import Film
from support.world.tenant import Tenant


@pytest.mark.judges_the_run
async def test_every_version_of_our_objects_keeps_the_laws(
    tenant: Tenant, film: Film, kstatus: Kstatus, argo: ArgoLua
) -> None:
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    versions = film.versions()
    verdicts, healths = kstatus.judge(versions), argo.health(versions)

    broken = [
        f"{document['kind']} {document['metadata']['namespace']}/{document['metadata']['name']} "
        f"at {document['metadata']['resourceVersion']}: {law}"
        for document, verdict, health in zip(versions, verdicts, healths, strict=True)
        for law in broken_laws(document, verdict, health)
    ]
    assert broken == []
