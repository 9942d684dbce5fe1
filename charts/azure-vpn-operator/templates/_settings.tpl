{{- /* Generated from operator/azure_vpn_operator by `make generate`; do not edit. */ -}}
{{- define "azure-vpn-operator.settings" -}}
AZVPN_MANAGEMENT_POLICY: {{ include "azure-vpn-operator.text" .Values.managementPolicy }}
AZVPN_MAX_MANAGEMENT_POLICY: {{ include "azure-vpn-operator.text" .Values.maxManagementPolicy }}
AZVPN_ADOPTION_POLICY: {{ include "azure-vpn-operator.text" .Values.adoptionPolicy }}
AZVPN_DRIFT_POLICY: {{ include "azure-vpn-operator.text" .Values.driftPolicy }}
AZVPN_DELETION_POLICY: {{ include "azure-vpn-operator.text" .Values.deletionPolicy }}
AZVPN_CONFIRM_WITHIN_SECONDS: {{ include "azure-vpn-operator.text" .Values.confirmWithinSeconds }}
AZVPN_ON_FAILURE: {{ include "azure-vpn-operator.text" .Values.onFailure }}
AZVPN_MAX_DISRUPTIONS: {{ include "azure-vpn-operator.text" .Values.maxDisruptions }}
AZVPN_HOLD_DOWN_SECONDS: {{ include "azure-vpn-operator.text" .Values.holdDownSeconds }}
{{- if .Values.watchNamespaces }}
AZVPN_WATCH_NAMESPACES: {{ include "azure-vpn-operator.text" .Values.watchNamespaces }}
{{- end }}
AZVPN_LEADER_ELECTION: {{ include "azure-vpn-operator.text" .Values.leaderElection }}
AZVPN_LEASE_DURATION: {{ include "azure-vpn-operator.text" .Values.leaseDuration }}
AZVPN_WATCH_SECRETS: {{ include "azure-vpn-operator.text" .Values.watchSecrets }}
AZVPN_SECRETS_INTERVAL: {{ include "azure-vpn-operator.text" .Values.secretsInterval }}
{{- if .Values.logAnalyticsWorkspaceId }}
AZVPN_LOG_ANALYTICS_WORKSPACE_ID: {{ include "azure-vpn-operator.text" .Values.logAnalyticsWorkspaceId }}
{{- end }}
AZVPN_WORKERS: {{ include "azure-vpn-operator.text" .Values.workers }}
AZVPN_STATUS_INTERVAL: {{ include "azure-vpn-operator.text" .Values.statusInterval }}
AZVPN_RECENT_INTERVAL: {{ include "azure-vpn-operator.text" .Values.recentInterval }}
AZVPN_DRIFT_INTERVAL: {{ include "azure-vpn-operator.text" .Values.driftInterval }}
AZVPN_AZURE_TIMEOUT: {{ include "azure-vpn-operator.text" .Values.azureTimeout }}
AZVPN_SWEEP_INTERVAL: {{ include "azure-vpn-operator.text" .Values.sweepInterval }}
AZVPN_METRICS_ADDRESS: {{ include "azure-vpn-operator.text" .Values.metricsAddress }}
AZVPN_PER_OBJECT_METRICS: {{ include "azure-vpn-operator.text" .Values.perObjectMetrics }}
AZVPN_PROBE_ADDRESS: {{ include "azure-vpn-operator.text" .Values.probeAddress }}
{{- if .Values.statusPageAddress }}
AZVPN_STATUS_PAGE_ADDRESS: {{ include "azure-vpn-operator.text" .Values.statusPageAddress }}
{{- end }}
{{- if .Values.statusPageHosts }}
AZVPN_STATUS_PAGE_HOSTS: {{ include "azure-vpn-operator.text" .Values.statusPageHosts }}
{{- end }}
AZVPN_LOG_LEVEL: {{ include "azure-vpn-operator.text" .Values.logLevel }}
AZVPN_LOG_FORMAT: {{ include "azure-vpn-operator.text" .Values.logFormat }}
{{- if .Values.kubeconfig }}
AZVPN_KUBECONFIG: {{ include "azure-vpn-operator.text" .Values.kubeconfig }}
{{- end }}
{{- if .Values.kubeContext }}
AZVPN_KUBE_CONTEXT: {{ include "azure-vpn-operator.text" .Values.kubeContext }}
{{- end }}
AZVPN_API_VERSION: {{ include "azure-vpn-operator.text" .Values.apiVersion }}
{{- if .Values.azure.subscriptionId }}
AZURE_SUBSCRIPTION_ID: {{ include "azure-vpn-operator.text" .Values.azure.subscriptionId }}
{{- end }}
{{- if .Values.azure.clientCertificatePath }}
AZURE_CLIENT_CERTIFICATE_PATH: {{ include "azure-vpn-operator.text" .Values.azure.clientCertificatePath }}
{{- end }}
{{- if .Values.azure.tokenCredentials }}
AZURE_TOKEN_CREDENTIALS: {{ include "azure-vpn-operator.text" .Values.azure.tokenCredentials }}
{{- end }}
{{- if .Values.azure.resourceManagerEndpoint }}
AZURE_RESOURCE_MANAGER_ENDPOINT: {{ include "azure-vpn-operator.text" .Values.azure.resourceManagerEndpoint }}
{{- end }}
{{- if .Values.azure.resourceManagerAudience }}
AZURE_RESOURCE_MANAGER_AUDIENCE: {{ include "azure-vpn-operator.text" .Values.azure.resourceManagerAudience }}
{{- end }}
{{- if .Values.azure.authorityHost }}
AZURE_AUTHORITY_HOST: {{ include "azure-vpn-operator.text" .Values.azure.authorityHost }}
{{- end }}
{{- if .Values.azure.logAnalyticsEndpoint }}
AZURE_LOG_ANALYTICS_ENDPOINT: {{ include "azure-vpn-operator.text" .Values.azure.logAnalyticsEndpoint }}
{{- end }}
{{- if .Values.azure.logAnalyticsAudience }}
AZURE_LOG_ANALYTICS_AUDIENCE: {{ include "azure-vpn-operator.text" .Values.azure.logAnalyticsAudience }}
{{- end }}
{{- end }}
