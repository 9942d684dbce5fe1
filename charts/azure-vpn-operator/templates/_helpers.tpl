{{- define "azure-vpn-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* 47 characters, since the longest name made of it has 16 more, and label values have 63. */ -}}
{{- define "azure-vpn-operator.fullname" -}}
{{- $name := include "azure-vpn-operator.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 47 | trimSuffix "-" }}
{{- end }}

{{- define "azure-vpn-operator.namespace" -}}
{{- default .Release.Namespace .Values.namespace }}
{{- end }}

{{- define "azure-vpn-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "azure-vpn-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "azure-vpn-operator.labels" -}}
{{ include "azure-vpn-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Metadata without name: a list of the context, the component, and more labels as YAML. */ -}}
{{- define "azure-vpn-operator.componentLabels" -}}
{{- $context := index . 0 }}
{{- include "azure-vpn-operator.labels" $context }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "azure-vpn-operator.serviceAccountName" -}}
{{- $made := ternary (include "azure-vpn-operator.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{- define "azure-vpn-operator.leaseName" -}}
{{- default (include "azure-vpn-operator.fullname" .) .Values.leaseName }}
{{- end }}

{{- define "azure-vpn-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* A value as the text of an environment variable. JSON, since Go prints a million as 1e+06. */ -}}
{{- define "azure-vpn-operator.text" -}}
{{- if kindIs "slice" . }}
{{- join "," . | quote }}
{{- else if kindIs "string" . }}
{{- quote . }}
{{- else }}
{{- toJson . | quote }}
{{- end }}
{{- end }}

{{- define "azure-vpn-operator.port" -}}
{{- splitList ":" . | last }}
{{- end }}

{{- define "azure-vpn-operator.accessConfigMap" -}}
{{- if .Values.access.configMap }}
{{- .Values.access.configMap }}
{{- else if .Values.access.rules }}
{{- printf "%s-access" (include "azure-vpn-operator.fullname" .) }}
{{- end }}
{{- end }}

{{- /* The ConfigMap's data: every setting, and what the chart decides itself. */ -}}
{{- define "azure-vpn-operator.environment" -}}
AZVPN_INSTALLATION_ID: {{ required "installationId must be set, for example to prod-eu: it names this installation in a tag of each connection in Azure. Choose it once and keep it, also when the cluster is rebuilt." .Values.installationId | quote }}
AZVPN_LEASE_NAME: {{ include "azure-vpn-operator.leaseName" . | quote }}
{{- if include "azure-vpn-operator.accessConfigMap" . }}
AZVPN_ACCESS_FILE: /etc/azure-vpn-operator/access/access.yaml
{{- else if .Values.accessFile }}
AZVPN_ACCESS_FILE: {{ quote .Values.accessFile }}
{{- end }}
{{- $identity := .Values.azure.workloadIdentity }}
{{- /* The webhook sets these two itself, from the ServiceAccount's annotations. */ -}}
{{- if not (and $identity.enabled $identity.webhook) }}
{{- with .Values.azure.tenantId }}
AZURE_TENANT_ID: {{ quote . }}
{{- end }}
{{- with .Values.azure.clientId }}
AZURE_CLIENT_ID: {{ quote . }}
{{- end }}
{{- if $identity.enabled }}
AZURE_FEDERATED_TOKEN_FILE: /var/run/secrets/azure/tokens/azure-identity-token
{{- end }}
{{- end }}
{{ include "azure-vpn-operator.settings" . }}
{{- end }}

{{- /* Rules of a role, by its name in files/rbac.yaml: a list of the context and that name. */ -}}
{{- define "azure-vpn-operator.rules" -}}
{{- $context := index . 0 }}
{{- $rules := $context.Files.Get "files/rbac.yaml" | replace "LEASE" (include "azure-vpn-operator.leaseName" $context) | fromYaml }}
{{- toYaml (index $rules (index . 1)) }}
{{- end }}

{{- /* A role and its binding: a dict of context, namespace (empty: the cluster), name, and the name of the rules. */ -}}
{{- define "azure-vpn-operator.role" -}}
{{- $kind := ternary "Role" "ClusterRole" (ne .namespace "") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "azure-vpn-operator.componentLabels" (list .context "rbac") | nindent 4 }}
rules:
{{ include "azure-vpn-operator.rules" (list .context .rules) }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "azure-vpn-operator.componentLabels" (list .context "rbac") | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: {{ include "azure-vpn-operator.serviceAccountName" .context }}
  namespace: {{ include "azure-vpn-operator.namespace" .context }}
{{- end }}

{{- /* ValidatingAdmissionPolicies and bindings of a file: a list of the context, the file and the action. */ -}}
{{- define "azure-vpn-operator.admission" -}}
{{- $context := index . 0 }}
{{- $actions := ternary (list "Deny") (list "Warn" "Audit") (eq (index . 2) "Deny") }}
{{- range regexSplit "(?m)^---$" ($context.Files.Get (index . 1)) -1 }}
{{- $object := fromYaml . }}
{{- $_ := set $object.metadata "labels" (include "azure-vpn-operator.componentLabels" (list $context "admission") | fromYaml) }}
{{- if eq $object.kind "ValidatingAdmissionPolicyBinding" }}
{{- $_ := set $object.spec "validationActions" $actions }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}

{{- /* Not empty if a kind of the Prometheus operator is to be rendered: a list of the context, the mode and the kind. */ -}}
{{- define "azure-vpn-operator.monitored" -}}
{{- $context := index . 0 }}
{{- $isThere := $context.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 2)) }}
{{- if or $isThere (eq (index . 1) "alwaysRender") }}yes
{{- else if eq (index . 1) "failIfMissing" }}
{{- fail (printf "this cluster has no %s of monitoring.coreos.com/v1: install the Prometheus operator first, or set renderMode to skipIfMissing or alwaysRender" (index . 2)) }}
{{- end }}
{{- end }}
