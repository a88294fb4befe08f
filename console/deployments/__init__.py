"""Which bundle serves, and how another one takes its place.

deployment.py     one attempt to let a bundle serve: a document that says all that is needed to go on after a crash
deployments.py    asks for one, looks at them
keeper.py         goes on with what is asked, step by step, and sees to it that what should serve does
rollout_result.py what a deployment becomes of its rollout
machine.py        what the keeper does on one machine: predictors, Envoy and the promoter as jobs

In a cluster another keeper goes on with the same deployments: console/kubernetes/cluster_keeper.py.
"""

from console.deployments.deployment import Deployment, DeploymentState, RolloutOptions
from console.deployments.deployments import Deployments

__all__ = ["Deployment", "DeploymentState", "Deployments", "RolloutOptions"]
