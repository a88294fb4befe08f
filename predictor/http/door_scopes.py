"""Which scope each door needs (access/scopes.py). A test holds this table to the doors that there are.

Probes and metrics are open: an orchestrator and a Prometheus have no keys, and neither says more than that a server is
there, and how it fares.
"""

from access.scopes import OPEN, DoorScopes, Scope

_MODEL = "/v2/models/{model}"
_VERSION = "/v2/models/{model}/versions/{version}"

DOOR_SCOPES = DoorScopes(
    {
        "/v2/health/live": {"GET": OPEN},
        "/v2/health/ready": {"GET": OPEN},
        "/metrics": {"GET": OPEN},
        "/v2": {"GET": Scope.READ},
        "/metadata": {"GET": Scope.READ},
        "/example": {"GET": Scope.READ},
        "/docs": {"GET": Scope.READ},
        "/docs/oauth2-redirect": {"GET": Scope.READ},
        "/openapi.json": {"GET": Scope.READ},
        "/static-offline-docs/{path:path}": {"GET": Scope.READ},
        "/v2/models/stats": {"GET": Scope.READ},
        _MODEL: {"GET": Scope.READ},
        _VERSION: {"GET": Scope.READ},
        f"{_MODEL}/ready": {"GET": Scope.READ},
        f"{_VERSION}/ready": {"GET": Scope.READ},
        f"{_MODEL}/config": {"GET": Scope.READ},
        f"{_VERSION}/config": {"GET": Scope.READ},
        f"{_MODEL}/stats": {"GET": Scope.READ},
        f"{_VERSION}/stats": {"GET": Scope.READ},
        "/v2/repository/index": {"POST": Scope.READ},
        "/api/v1/list": {"GET": Scope.READ},
        f"{_MODEL}/infer": {"POST": Scope.INFER},
        f"{_VERSION}/infer": {"POST": Scope.INFER},
        "/classify": {"POST": Scope.INFER},
        "/forward": {"POST": Scope.INFER},
        "/api/v1/run/{model}": {"POST": Scope.INFER},
        "/forward_batch": {"POST": Scope.INFER},
        "/evaluate": {"POST": Scope.INFER},
        "/v2/repository/models/{model}/load": {"POST": Scope.ADMIN},
        "/v2/repository/models/{model}/unload": {"POST": Scope.ADMIN},
        "/api/v1/load": {"POST": Scope.ADMIN},
        "/api/v1/unload": {"POST": Scope.ADMIN},
        "/api/v1/register": {"POST": Scope.ADMIN},
    }
)
