"""Which scope each method needs (access/scopes.py). A test holds this table to the methods that there are."""

from collections.abc import Mapping
from types import MappingProxyType

from access.scopes import OPEN, Scope

METHOD_SCOPES: Mapping[str, Scope | None] = MappingProxyType(
    {
        "ServerLive": OPEN,
        "ServerReady": OPEN,
        "ModelReady": Scope.READ,
        "ServerMetadata": Scope.READ,
        "ModelMetadata": Scope.READ,
        "ModelConfig": Scope.READ,
        "ModelStatistics": Scope.READ,
        "RepositoryIndex": Scope.READ,
        "ModelInfer": Scope.INFER,
        "RepositoryModelLoad": Scope.ADMIN,
        "RepositoryModelUnload": Scope.ADMIN,
    }
)
"""Of the inference service. grpc.health.v1 is open, and reflection needs REFLECTION."""
REFLECTION = Scope.READ
