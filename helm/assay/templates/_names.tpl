{{/* Names, labels and images. Every name begins with the release's; docs name it R. */}}

{{- define "assay.labels" -}}
app.kubernetes.io/name: assay
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .revision }}
assay.dev/revision: {{ .revision | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* What a selector asks for; it cannot change while an object lives. */}}
{{- define "assay.selector" -}}
app.kubernetes.io/name: assay
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .revision }}
assay.dev/revision: {{ .revision | quote }}
{{- end }}
{{- end }}

{{/* Name, namespace and labels of an object: root, name, and for the labels component and revision. */}}
{{- define "assay.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels: {{- include "assay.labels" . | nindent 2 }}
{{- end }}

{{/* A revision's Deployment and Service, as they are called in either mode. */}}
{{- define "assay.workloadName" -}}
{{ .root.Release.Name }}-{{ .revision.revision }}{{ if eq .root.Values.mode "kserve" }}-predictor{{ end }}
{{- end }}

{{- define "assay.gatewayName" -}}
{{ .Values.gateway.existing.name | default .Release.Name }}
{{- end }}

{{- define "assay.gatewayNamespace" -}}
{{ and .Values.gateway.existing.name .Values.gateway.existing.namespace | default .Release.Namespace }}
{{- end }}

{{/* The image by digest, or else by tag. `own`, a revision's image or the full one, replaces tag and digest together. */}}
{{- define "assay.image" -}}
{{- $shared := .root.Values.image }}
{{- $own := .own | default dict }}
{{- $version := ternary $own $shared (or (hasKey $own "tag") (hasKey $own "digest")) }}
{{- $own.repository | default $shared.repository }}
{{- if $version.digest }}@{{ $version.digest }}{{ else }}:{{ $version.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* What `assay.image` takes as `own` for the image with all packages, as YAML: in `image`'s version, but for its own. */}}
{{- define "assay.fullImage" -}}
{{- $own := .Values.fullImage }}
{{- if or $own.tag $own.digest }}{{ toYaml $own }}{{ else }}{{ dict "repository" $own.repository "tag" .Values.image.tag | toYaml }}{{ end }}
{{- end }}
