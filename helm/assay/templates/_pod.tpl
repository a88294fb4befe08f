{{/* What all pods have in common: the restricted Pod Security Standard, nobody's user, no token, no service links. */}}

{{/* The merged `pod` values of a component, as YAML: root, component. */}}
{{- define "assay.podValues" -}}
{{- $own := (index .root.Values .component).pod | default dict }}
{{- merge (deepCopy $own) (deepCopy .root.Values.pod) | toYaml }}
{{- end }}

{{/* Metadata of a pod template: root, component, values (merged), annotations (a dict), and maybe revision. */}}
{{- define "assay.podMetadata" -}}
{{- $labels := include "assay.labels" . | fromYaml -}}
labels: {{- merge $labels .values.labels | toYaml | nindent 2 }}
{{- with merge (deepCopy .annotations) .values.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The part of a pod's spec that is alike everywhere: root, values, and maybe user (a number). */}}
{{- define "assay.podSpec" -}}
automountServiceAccountToken: {{ .hasToken | default false }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user | default 65532 }}
  runAsGroup: {{ .user | default 65532 }}
  fsGroup: {{ .user | default 65532 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $.values $key }}
{{ $key }}: {{- if kindIs "string" . }} {{ . | quote }}{{ else }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a container comes from and what it may do: root, and maybe own (an image that is not the one of `image`). */}}
{{- define "assay.container" -}}
image: {{ include "assay.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Variables of a container: own (a list) and values (extraEnv, extraEnvFrom). Only /tmp can be written to. */}}
{{- define "assay.environment" -}}
env:
  - {name: HOME, value: /tmp}
  {{- with .own }}{{ toYaml . | nindent 2 }}{{ end }}
  {{- with .values.extraEnv }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with .values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "assay.temporaryVolume" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end }}

{{/* Annotations by which a Prometheus without operator finds a pod, as YAML: root, port. */}}
{{- define "assay.scrapeAnnotations" -}}
{{- if eq .root.Values.metrics.discovery "annotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end }}
