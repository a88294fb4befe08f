{{/* The objects of a revision. `assay.revision` takes root, revision and component "predictor". */}}

{{- define "assay.revision" -}}
{{- $name := printf "%s-%s" .root.Release.Name .revision.revision }}
{{- $context := merge (dict "name" $name) . }}
{{- if eq .root.Values.mode "kserve" -}}
{{ include "assay.revision.inferenceService" $context }}
{{- else -}}
{{ include "assay.revision.deployment" $context }}
---
{{ include "assay.service" $context }}
{{- if .root.Values.predictor.autoscaling.enabled }}
---
{{ include "assay.revision.autoscaler" $context }}
{{- end }}
{{- end }}
{{- if .root.Values.predictor.podDisruptionBudget.enabled }}
---
{{ include "assay.revision.disruptionBudget" $context }}
{{- end }}
{{- if .root.Values.networkPolicy.enabled }}
---
{{ include "assay.revision.networkPolicy" $context }}
{{- end }}
{{- end }}

{{- define "assay.revision.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  {{- if not .root.Values.predictor.autoscaling.enabled }}
  replicas: {{ include "assay.predictor.replicas" . }}
  {{- end }}
  revisionHistoryLimit: 2
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels: {{- include "assay.selector" . | nindent 6 }}
  template:
    metadata: {{- include "assay.predictor.podMetadata" . | nindent 6 }}
    spec: {{- include "assay.predictor.podSpec" (merge (dict "containerName" "predictor") .) | nindent 6 }}
{{- end }}

{{- define "assay.revision.autoscaler" -}}
{{- $scaling := .root.Values.predictor.autoscaling -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}}
  minReplicas: {{ $scaling.minReplicas | int64 }}
  maxReplicas: {{ $scaling.maxReplicas | int64 }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $scaling.targetCpuPercent | int64 }}}
    {{- if $scaling.targetQueueDepth }}
    - type: Pods
      pods:
        metric: {name: assay_queue_depth}
        target: {type: AverageValue, averageValue: {{ $scaling.targetQueueDepth | int64 | quote }}}
    {{- end }}
{{- end }}

{{- define "assay.revision.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .root.Values.predictor.podDisruptionBudget.maxUnavailable | int64 }}
  # A pod that is not ready serves nobody: it does not hold up the emptying of a node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "assay.selector" . | nindent 6 }}
{{- end }}

{{/* In: the gateway, the rollout, who scrapes and who is named. Out: names, and where the bundle comes from. */}}
{{- define "assay.revision.networkPolicy" -}}
{{- $policy := .root.Values.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels: {{- include "assay.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: {kubernetes.io/metadata.name: {{ .root.Values.gateway.proxyNamespace | quote }}}
        - podSelector:
            matchLabels: {{- include "assay.selector" (dict "root" .root "component" "promotion") | nindent 14 }}
        {{- with concat $policy.callers $policy.scrapers }}{{ toYaml . | nindent 8 }}{{ end }}
      ports: [{port: 8000}{{ if .root.Values.predictor.grpc.enabled }}, {port: 9000}{{ end }}]
  egress:
    {{- include "assay.egress.names" . | nindent 4 }}
    {{- with include "assay.source.egress" (merge (include "assay.predictor.source" . | fromYaml) (dict "root" .root)) }}
    {{- . | trim | nindent 4 }}
    {{- end }}
    {{- if and .root.Values.predictor.recording.enabled (eq .root.Values.predictor.recording.sink "database") }}
    {{- include "assay.database.egress" . | nindent 4 }}
    {{- end }}
    {{- with $policy.extraEgress }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}

{{- define "assay.egress.names" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end }}

{{- define "assay.egress.apiServer" -}}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - port: {{ . | int64 }}
    {{- end }}
{{- end }}
