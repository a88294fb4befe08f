"""The restricted Pod Security Standard (kubernetes.io/docs/concepts/security/pod-security-standards), as a check.

A cluster checks it better, and does in test_on_a_cluster.py; this finds the same without one.
"""

from tests.helm.rendering import Object, containers

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
_OF_THE_HOST = ("hostNetwork", "hostPID", "hostIPC")


def violations(pod: Object) -> list[str]:
    """What is wrong with a pod, a line each; nothing when it may run in a restricted namespace."""
    found = [f"{name} is set" for name in _OF_THE_HOST if pod.get(name)]
    for volume in pod.get("volumes", []):
        found += [f"volume {volume['name']}: {kind}" for kind in volume.keys() - {"name"} - _VOLUMES]
    for container in containers(pod):
        found += [f"{container['name']}: {what}" for what in _violations_of(container, pod.get("securityContext", {}))]
    return found


def _violations_of(container: Object, of_the_pod: Object) -> list[str]:
    own = container.get("securityContext", {})
    effective = {**of_the_pod, **own}
    checks = {
        "may gain privileges": own.get("allowPrivilegeEscalation") is not False,
        "is privileged": bool(own.get("privileged")),
        "may run as root": effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0,
        "has capabilities": own.get("capabilities") != {"drop": ["ALL"]},
        "has no seccomp profile": effective.get("seccompProfile", {}).get("type")
        not in {"RuntimeDefault", "Localhost"},
        "takes a port of the host": any("hostPort" in port for port in container.get("ports", [])),
    }
    return [what for what, is_wrong in checks.items() if is_wrong]
