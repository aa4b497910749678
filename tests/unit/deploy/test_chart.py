"""The Helm chart, rendered by Helm's own engine (v4, out of a package), against Kubernetes' own schemas. No cluster."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from entrypoints.settings import Settings

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "pombo"
SECRETS = ("API_KEY", "DATABASE_URL", "POMBO_API_KEY_SECRET", "POMBO_SNAPSHOT_KEY", "REDIS_URL")
VALUES: dict[str, Any] = {
    "image": {"repository": "registry.example/pombo", "tag": "0.1.0"},
    "secrets": {name: {"name": "pombo", "key": name.lower()} for name in SECRETS},
    "media": {"url": "s3://bucket/pombo"},
}
OLDEST, NEWEST = "1.27", "1.37"


def render(**changes: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The manifests, by kind and name."""
    rendered = helm_python.Chart.load(CHART).render({**VALUES, **changes}, name="blue", namespace="messages")
    manifests = [
        manifest
        for name, text in rendered.items()
        if not name.endswith("NOTES.txt")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]
    found = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
    assert len(found) == len(manifests)
    return found


def pods(**changes: Any) -> Mapping[str, dict[str, Any]]:
    rendered = render(**changes)
    return {
        "api": rendered["Deployment", "blue-pombo-api"]["spec"]["template"],
        "worker": rendered["StatefulSet", "blue-pombo-worker"]["spec"]["template"],
    }


def environment(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in pod["spec"]["containers"][0]["env"]}


ALL_ON = {
    "networkPolicy": {
        "enabled": True,
        "callers": [{"podSelector": {"matchLabels": {"app": "shop"}}}],
        "monitoring": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    },
    "settings": {"POMBO_LOG_LEVEL": "debug", "POMBO_PROBE_SECONDS": "30"},
    "imagePullSecrets": [{"name": "registry"}],
    "worker": {"nodeSelector": {"disk": "fast"}, "tolerations": [{"key": "a"}], "affinity": {"nodeAffinity": {}}},
    "api": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a"}], "podAnnotations": {"a": "b"}},
}


TLS = {"tls": {"secretName": "certificate", "clientCa": "ca.crt"}}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("changes", [{}, ALL_ON, TLS, {"podDisruptionBudget": {"enabled": False}}])
def test_every_manifest_is_one_of_kubernetes(version: str, changes: dict[str, Any]) -> None:
    rendered = render(**changes)
    assert rendered
    for manifest in rendered.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_that_is_none_would_be_found() -> None:
    manifest = render()["Deployment", "blue-pombo-api"]
    manifest["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, NEWEST, strict=True)


def test_helm_has_nothing_to_say_against_it() -> None:
    told = helm_python.lint(CHART, values=VALUES)
    assert [message["error"] for message in told["messages"]] == ["icon is recommended"]


def test_it_is_what_it_is_meant_to_be() -> None:
    kinds = sorted(kind for kind, _ in render())
    both = ["PodDisruptionBudget"] * 2
    assert kinds == ["Deployment", *both, "Service", "Service", "ServiceAccount", "StatefulSet"]
    assert sorted(kind for kind, _ in render(**ALL_ON)).count("NetworkPolicy") == 2
    assert not any(kind == "PodDisruptionBudget" for kind, _ in render(podDisruptionBudget={"enabled": False}))


@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_pod_has_its_role_and_no_rights(role: str) -> None:
    pod = pods()[role]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["pombo", "serve"]
    # So that what is run beside it, like doctor, knows it too.
    assert environment(pods()[role])["POMBO_ROLE"]["value"] == role
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10_001)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > 10
    paths = {probe: container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")}
    assert paths == {"livenessProbe": "/health/live", "readinessProbe": "/health/ready"}
    # What is written lies on volumes: nothing else can be.
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/data", "/tmp"}


def test_who_probes_needs_no_certificate() -> None:
    api, worker = pods(**TLS)["api"]["spec"], pods(**TLS)["worker"]["spec"]
    (container,) = api["containers"]
    given = {name: variable.get("value") for name, variable in environment(pods(**TLS)["api"]).items()}
    assert given["POMBO_TLS_CLIENT_CA"] == "/tls/ca.crt"
    assert {"mountPath": "/tls", "name": "tls", "readOnly": True} in container["volumeMounts"]
    assert given.keys() <= {str(field.validation_alias) for field in Settings.model_fields.values()}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert str(ports["health"]) == given["POMBO_HEALTH_PORT"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "health"
        # A worker serves its health alone.
        assert worker["containers"][0][probe]["httpGet"]["port"] == "rest"
    assert not [name for name in environment(pods(**TLS)["worker"]) if name.startswith("POMBO_TLS")]


def test_a_worker_comes_back_to_its_data() -> None:
    spec = render()["StatefulSet", "blue-pombo-worker"]["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert spec["serviceName"] == "blue-pombo-worker"
    api = pods()["api"]["spec"]
    assert {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}} in api["volumes"]


@pytest.mark.parametrize("role", ["api", "worker"])
def test_secrets_come_by_reference_and_settings_by_name(role: str) -> None:
    found = environment(pods(**ALL_ON)[role])
    for name in SECRETS:
        reference = found[name]["valueFrom"]["secretKeyRef"]
        assert reference == {"name": "pombo", "key": name.lower()}
        assert "value" not in found[name]
    assert found["POMBO_PROBE_SECONDS"]["value"] == "30"
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert found.keys() <= known


def test_selectors_find_their_pods_and_no_others() -> None:
    rendered = render(**ALL_ON)
    labels = {role: pod["metadata"]["labels"] for role, pod in pods(**ALL_ON).items()}

    def found(selector: dict[str, str]) -> set[str]:
        return {role for role in labels if selector.items() <= labels[role].items()}

    selectors: dict[tuple[str, str], dict[str, str]] = {}
    for (kind, name), manifest in rendered.items():
        spec = manifest.get("spec", {})
        match kind:
            case "Service":
                selectors[kind, name] = spec["selector"]
            case "Deployment" | "StatefulSet" | "PodDisruptionBudget":
                selectors[kind, name] = spec["selector"]["matchLabels"]
            case "NetworkPolicy":
                selectors[kind, name] = spec["podSelector"]["matchLabels"]
    assert {key: found(selector) for key, selector in selectors.items()} == {
        (kind, name): {"worker"} if name.endswith("-worker") else {"api"} for kind, name in selectors
    }
    ports = {port["name"] for port in pods()["api"]["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in rendered["Service", "blue-pombo"]["spec"]["ports"]} <= ports


def ingress(role: str, **policy: Any) -> list[dict[str, Any]]:
    rendered = render(networkPolicy={"enabled": True, **policy})
    rules: list[dict[str, Any]] = rendered["NetworkPolicy", f"blue-pombo-{role}"]["spec"]["ingress"]
    return rules


def test_who_measures_gets_through_a_network_policy() -> None:
    callers = [{"podSelector": {"matchLabels": {"app": "shop"}}}]
    monitoring = [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}]
    rest = [{"port": "rest", "protocol": "TCP"}]
    assert ingress("worker") == []
    assert ingress("worker", monitoring=monitoring) == [{"ports": rest, "from": monitoring}]
    both = ingress("api", callers=callers, monitoring=monitoring)
    assert both == [*ingress("api", callers=callers), {"ports": rest, "from": monitoring}]


def bad() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "no image", {"image": {"repository": "", "tag": "1"}}
    yield "no tag", {"image": {"repository": "registry.example/pombo", "tag": ""}}
    yield "a digest that is none", {"image": {"repository": "registry.example/pombo", "digest": "sha256:1"}}
    yield "no database", {"secrets": {**VALUES["secrets"], "DATABASE_URL": {"name": "", "key": ""}}}
    without = {name: place for name, place in VALUES["secrets"].items() if name != "POMBO_API_KEY_SECRET"}
    yield "a secret of its own in each pod", {"secrets": without}
    yield "a secret in the open", {"settings": {"API_KEY": "in-the-open"}}
    yield "a number", {"settings": {"POMBO_PROBE_SECONDS": 30}}
    yield "the chart's own", {"settings": {"POMBO_ROLE": "all"}}
    yield "nowhere for files", {"media": {"url": ""}}
    yield "a misspelled value", {"worker": {"replica": 3}}
    yield "a slip", {"workers": {}}
    yield "who vouches, and no certificate", {"tls": {"secretName": "", "clientCa": "ca.crt"}}
    yield "TLS beside the chart's own", {"settings": {"POMBO_TLS_CERT": "/x"}}


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in bad()])
def test_values_that_cannot_work_are_refused(changes: dict[str, Any]) -> None:
    chart = helm_python.Chart.load(CHART)
    chart.validate_schema(chart.merge_values(VALUES))
    with pytest.raises(helm_python.HelmError):
        chart.validate_schema(chart.merge_values({**VALUES, **changes}))


def test_the_version_is_the_programs() -> None:

    project = tomllib.loads((CHART.parents[2] / "pyproject.toml").read_text())["project"]
    assert helm_python.Chart.load(CHART).metadata["appVersion"] == project["version"]
