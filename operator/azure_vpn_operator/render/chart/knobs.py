"""Values of the chart that are no settings of the operator: what Kubernetes has to know to run it.

Names are those of well-known charts (cert-manager, external-secrets) where one of them has the same thing.
"""

from typing import Final

from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor
from azure_vpn_operator.render.chart.value import (
    OBJECT,
    OBJECTS,
    STRING,
    TEXTS,
    Section,
    Value,
    integer,
    one_of,
    switch,
)

_COUNT_OR_SHARE: Final = {"type": ["integer", "string"]}
_QUANTITY: Final = {"type": ["string", "number"]}
_RESOURCES: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "requests": {"type": "object", "additionalProperties": _QUANTITY},
        "limits": {"type": "object", "additionalProperties": _QUANTITY},
    },
}
_RENDER_MODE: Final = one_of("skipIfMissing", "failIfMissing", "alwaysRender")

IDENTITY: Final = (
    switch(
        "azure.workloadIdentity.enabled",
        "Log in to Azure as the ServiceAccount: no secret anywhere. Needs azure.clientId.",
        default=False,
    ),
    switch(
        "azure.workloadIdentity.webhook",
        "The webhook of Azure Workload Identity is in the cluster and mounts the token; false: the chart mounts it itself, "
        "and then needs azure.tenantId too.",
        default=True,
    ),
    Value(
        "azure.workloadIdentity.tokenExpirationSeconds",
        3600,
        "Lifetime of the token.",
        {"type": "integer", "minimum": 3600, "maximum": 86400},
    ),
    Value(
        "azure.credentialsSecret",
        "",
        "A Secret that you make, with AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. What is in it wins over values.",
        STRING,
    ),
)
"""Joins the generated values of `azure`."""

SECTIONS: Final = (
    Section(
        "Who may use what in Azure",
        (
            Value(
                "access.rules",
                {},
                "The content of the access file (docs/guides/tenancy.md); empty: no file, no restriction.",
                OBJECT,
            ),
            Value(
                "access.configMap",
                "",
                "A ConfigMap of your own with the entry access.yaml, in place of access.rules.",
                STRING,
            ),
            Value(
                "access.identitiesSecret",
                "",
                "A Secret whose entries are the files that identities name below /etc/azure-vpn-operator/identities.",
                STRING,
            ),
        ),
    ),
    Section(
        "Custom resources and admission",
        (
            switch(
                "crds.enabled",
                "Install and upgrade the CustomResourceDefinitions. False where something else does.",
                default=True,
            ),
            switch(
                "crds.keep",
                "Leave the CustomResourceDefinitions, and so every connection and policy, when the chart is uninstalled.",
                default=True,
            ),
            switch(
                "admission.secretAccess.enabled",
                "Let a user name only Secrets that this user may get (docs/guides/secret-access.md).",
                default=True,
            ),
            Value(
                "admission.secretAccess.action",
                "Deny",
                "Deny refuses; Warn tells the user and the audit log.",
                one_of("Warn", "Deny"),
            ),
            Value(
                "admission.cryptoFloor.level",
                "none",
                "The least that a new policy must be: none, recommended, fips or cnsa (docs/guides/crypto-floor.md).",
                one_of("none", *CryptoFloor),
            ),
            Value(
                "admission.cryptoFloor.action",
                "Warn",
                "Deny refuses; Warn tells the user and the audit log.",
                one_of("Warn", "Deny"),
            ),
        ),
    ),
    Section(
        "Rights",
        (
            switch("serviceAccount.create", "Make the ServiceAccount.", default=True),
            Value(
                "serviceAccount.name",
                "",
                "Its name; empty: the full name of the release, or `default` if it is not made.",
                STRING,
            ),
            Value("serviceAccount.annotations", {}, "Annotations of the ServiceAccount.", TEXTS),
            Value("serviceAccount.labels", {}, "Labels of the ServiceAccount.", TEXTS),
            switch("rbac.create", "Make the operator's roles and bindings.", default=True),
            switch(
                "rbac.namespaceDeletion.create",
                "With watchNamespaces: a ClusterRole to let go of the objects of a namespace that is deleted, no Secrets in it. Without it "
                "such a namespace stays Terminating.",
                default=True,
            ),
            switch("rbac.userRoles.create", "Make ClusterRoles for users: one to look, one to edit.", default=True),
            switch("rbac.userRoles.aggregate", "Add them to Kubernetes' own roles view, edit and admin.", default=True),
        ),
    ),
    Section(
        "Image",
        (
            Value(
                "image.repository",
                "azure-vpn-operator",
                "The image that you have built and pushed, without tag.",
                STRING,
            ),
            Value("image.tag", "", "Empty: the chart's appVersion.", STRING),
            Value(
                "image.digest",
                "",
                "Such as sha256:…; wins over the tag.",
                {"type": "string", "pattern": "^$|^sha256:[0-9a-f]{64}$"},
            ),
            Value("image.pullPolicy", "IfNotPresent", "When to pull.", one_of("Always", "IfNotPresent", "Never")),
            Value("imagePullSecrets", [], "Secrets for the registry, such as [{name: registry}].", OBJECTS),
        ),
    ),
    Section(
        "Pods",
        (
            Value("replicaCount", 2, "One works, the others stand by.", integer(0)),
            Value(
                "strategy",
                {},
                "Empty: RollingUpdate with two replicas that are elected, Recreate without leaderElection.",
                OBJECT,
            ),
            Value(
                "resources",
                {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
                "No CPU limit: it would hold up undoing.",
                _RESOURCES,
            ),
            Value("podAnnotations", {}, "Annotations of the pods.", TEXTS),
            Value("podLabels", {}, "Labels of the pods.", TEXTS),
            Value("podSecurityContext", {}, "Merged into the pod's, which fits the restricted standard.", OBJECT),
            Value("securityContext", {}, "Merged into the container's, which fits the restricted standard.", OBJECT),
            Value("nodeSelector", {"kubernetes.io/os": "linux"}, "Where pods may run.", TEXTS),
            Value("tolerations", [], "Taints that pods tolerate.", OBJECTS),
            Value("affinity", {}, "Empty: replicas prefer nodes of their own.", OBJECT),
            Value("topologySpreadConstraints", [], "Empty: replicas prefer zones of their own.", OBJECTS),
            Value("priorityClassName", "", "Who has to go first when a node is full.", STRING),
            Value(
                "terminationGracePeriodSeconds",
                60,
                "Passes that run may end, and then the Lease is let go.",
                integer(0),
            ),
            Value(
                "extraArgs",
                [],
                "More arguments of `azure-vpn-operator run`; they win over values.",
                {"type": "array", "items": STRING},
            ),
            Value("extraEnv", [], "More environment variables, as in a container.", OBJECTS),
            Value("extraEnvFrom", [], "More sources of environment variables, as in a container.", OBJECTS),
            Value("extraVolumes", [], "More volumes.", OBJECTS),
            Value("extraVolumeMounts", [], "More volume mounts.", OBJECTS),
        ),
    ),
    Section(
        "Availability and network",
        (
            switch("podDisruptionBudget.enabled", "Make a PodDisruptionBudget.", default=True),
            Value(
                "podDisruptionBudget.maxUnavailable", 1, "A drain never waits for a single replica.", _COUNT_OR_SHARE
            ),
            switch("networkPolicy.enabled", "Let nothing in but probes and metrics.", default=True),
            Value(
                "networkPolicy.metricsFrom",
                [],
                "Who may read metrics, as in the `from` of a NetworkPolicy; empty: everybody in the cluster.",
                OBJECTS,
            ),
            Value(
                "networkPolicy.statusPageFrom",
                [],
                "Who may see the status page, likewise; empty: nobody but kubectl port-forward.",
                OBJECTS,
            ),
            switch(
                "networkPolicy.egress.enabled",
                "Let nothing out but to DNS and to networkPolicy.egress.ports.",
                default=False,
            ),
            Value(
                "networkPolicy.egress.ports",
                [443, 6443],
                "TCP ports of the API server (behind its Service too), of Azure, and of your proxy.",
                {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65535}, "minItems": 1},
            ),
        ),
    ),
    Section(
        "Monitoring",
        (
            switch(
                "metrics.service.enabled", "Make a Service for the metrics, without metricsAddress none.", default=True
            ),
            Value("metrics.service.annotations", {}, "Annotations of the Service.", TEXTS),
            Value("metrics.service.labels", {}, "Labels of the Service.", TEXTS),
            switch(
                "metrics.serviceMonitor.enabled", "Make a ServiceMonitor for the Prometheus operator.", default=False
            ),
            Value(
                "metrics.serviceMonitor.renderMode",
                "skipIfMissing",
                "Where the cluster has no ServiceMonitors: skipIfMissing, failIfMissing, or alwaysRender (for `helm template`).",
                _RENDER_MODE,
            ),
            Value("metrics.serviceMonitor.interval", "30s", "How often to read.", STRING),
            Value(
                "metrics.serviceMonitor.scrapeTimeout", "", "How long a read may take; empty: Prometheus' own.", STRING
            ),
            Value("metrics.serviceMonitor.labels", {}, "Labels by which your Prometheus finds it.", TEXTS),
            Value("metrics.serviceMonitor.annotations", {}, "Annotations of the ServiceMonitor.", TEXTS),
            Value("metrics.serviceMonitor.relabelings", [], "As in a ServiceMonitor.", OBJECTS),
            Value("metrics.serviceMonitor.metricRelabelings", [], "As in a ServiceMonitor.", OBJECTS),
            switch(
                "metrics.prometheusRule.enabled",
                "Make a PrometheusRule with the alerts (docs/runbooks has a page for each).",
                default=False,
            ),
            Value(
                "metrics.prometheusRule.renderMode",
                "skipIfMissing",
                "Where the cluster has no PrometheusRules: as for serviceMonitor.",
                _RENDER_MODE,
            ),
            Value("metrics.prometheusRule.labels", {}, "Labels by which your Prometheus finds it.", TEXTS),
            Value("metrics.prometheusRule.annotations", {}, "Annotations of the PrometheusRule.", TEXTS),
            Value(
                "metrics.prometheusRule.runbooks",
                "https://runbooks.example.com/azure-vpn-operator",
                "Where your copies of docs/runbooks are: alerts link to <this>/<page>.md.",
                STRING,
            ),
            switch("metrics.dashboard.enabled", "Make a ConfigMap with the dashboard for Grafana.", default=False),
            Value(
                "metrics.dashboard.labels",
                {"grafana_dashboard": "1"},
                "Labels by which Grafana's sidecar finds it.",
                TEXTS,
            ),
            Value("metrics.dashboard.annotations", {}, "Annotations, such as the folder in Grafana.", TEXTS),
        ),
    ),
    Section(
        "Names",
        (
            Value("nameOverride", "", "In place of the chart's name.", STRING),
            Value("fullnameOverride", "", "In place of release and chart name.", STRING),
            Value("commonLabels", {}, "Labels of everything that the chart makes.", TEXTS),
            switch(
                "enabled",
                "Does nothing here: a chart that has this one as a dependency may name it as the dependency's condition.",
                default=True,
            ),
        ),
    ),
)
"""In the order of values.yaml."""
