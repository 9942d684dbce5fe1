"""The name of a Kubernetes object, as keys of queues and stores."""

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Kind, namespace and name; hashable, ordered by these three. Cluster-scoped objects have the namespace ""."""

    kind: str
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"
