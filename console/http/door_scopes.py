"""Which scope each door needs (access/scopes.py). A test holds this table to the doors that there are.

Health and metrics are open: an orchestrator and a Prometheus have no keys. What the page does is asked again where it
does it (console/page/visitor.py): whoever may look at it may not yet deploy.
"""

from access.scopes import OPEN, DoorScopes, Scope

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
PAGE = "/page"

DOOR_SCOPES = DoorScopes(
    {
        "/health": {"GET": OPEN},
        "/metrics": {"GET": OPEN},
        "/": {"GET": OPEN},
        SIGN_IN: {"GET": OPEN, "POST": OPEN},
        SIGN_OUT: {"POST": OPEN},
        PAGE: {"GET": OPEN},
        PAGE + "/{path:path}": {"GET": Scope.READ, "POST": Scope.READ},
        "/docs": {"GET": Scope.READ},
        "/docs/oauth2-redirect": {"GET": Scope.READ},
        "/openapi.json": {"GET": Scope.READ},
        "/static-offline-docs/{path:path}": {"GET": Scope.READ},
        "/data": {"GET": Scope.READ},
        "/holdouts": {"GET": Scope.READ, "POST": Scope.ADMIN},
        "/metrics/{experiment_id}": {"GET": Scope.READ},
        "/experiments": {"GET": Scope.READ},
        "/experiments/{experiment_id}": {"GET": Scope.READ},
        "/experiments/{experiment_id}/files": {"GET": Scope.READ},
        "/experiments/{experiment_id}/files/{path:path}": {"GET": Scope.READ},
        "/deployments": {"GET": Scope.READ},
        "/deployments/{deployment_id}": {"GET": Scope.READ},
        "/rollouts": {"GET": Scope.READ},
        "/rollouts/{rollout_id}": {"GET": Scope.READ},
        "/rollouts/{rollout_id}/evidence": {"GET": Scope.READ},
        "/drift": {"GET": Scope.READ},
        "/predictions": {"GET": Scope.READ},
        "/jobs": {"GET": Scope.READ},
        "/jobs/{job_id}": {"GET": Scope.READ},
        "/jobs/{job_id}/log": {"GET": Scope.READ},
        "/bundles": {"GET": Scope.READ, "POST": Scope.DEPLOY},
        "/bundles/{digest}": {"GET": Scope.READ, "PUT": Scope.DEPLOY},
        "/add_data": {"PUT": Scope.DEPLOY},
        "/retrain": {"PUT": Scope.DEPLOY},
        "/experiments/{experiment_id}/adopt": {"POST": Scope.DEPLOY},
        "/experiments/{experiment_id}/cancel": {"POST": Scope.DEPLOY},
        "/deploy/{experiment_id}": {"POST": Scope.DEPLOY},
        "/rollouts/{rollout_id}/abort": {"POST": Scope.DEPLOY},
        "/jobs/{job_id}/cancel": {"POST": Scope.DEPLOY},
        "/feedback": {"POST": Scope.DEPLOY},
        "/feedback/part": {"POST": Scope.DEPLOY},
        "/holdouts/{digest}": {"GET": Scope.READ, "PUT": Scope.ADMIN},
        "/holdouts/{digest}/pin": {"POST": Scope.ADMIN},
    }
)
