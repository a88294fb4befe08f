{{/*
Where a bundle or a holdout comes from, and the init container that fetches and verifies it.
A source is a dict: root, kind (bundle or holdout), digest, from.
*/}}

{{- define "assay.source.isClaim" -}}
{{- if hasPrefix "pvc://" (.from | default "") }}true{{ end }}
{{- end }}

{{/* The URL as the program takes it; a claim is mounted at /source. */}}
{{- define "assay.source.url" -}}
{{- if not .from -}}
http://{{ .root.Release.Name }}-store
{{- else if include "assay.source.isClaim" . -}}
file:///source{{ regexReplaceAll "^pvc://[^/]+" .from "" }}
{{- else -}}
{{ .from }}
{{- end }}
{{- end }}

{{/* The init container: a source with `to`, a path under the volume `content`, which is mounted at `mountPath`. */}}
{{- define "assay.source.fetch" -}}
name: fetch
{{ include "assay.container" . }}
args:
  - store
  - fetch
  - --from
  - {{ include "assay.source.url" . | quote }}
  - --kind
  - {{ .kind }}
  - --digest
  - {{ .digest }}
  - --to
  - {{ .to }}
  - --timeout-seconds
  - {{ .root.Values.fetch.timeoutSeconds | int64 | quote }}
{{ include "assay.environment" (dict "values" .root.Values.fetch) }}
resources: {{- toYaml .root.Values.fetch.resources | nindent 2 }}
volumeMounts:
  - {name: content, mountPath: {{ .mountPath }}}
  - {name: tmp, mountPath: /tmp}
  {{- if include "assay.source.isClaim" . }}
  - {name: source, mountPath: /source, readOnly: true}
  {{- end }}
{{- end }}

{{/* Volumes of a pod that fetches a source. */}}
{{- define "assay.source.volumes" -}}
- name: content
  emptyDir: {sizeLimit: {{ .root.Values.fetch.sizeLimit }}}
{{ include "assay.temporaryVolume" . }}
{{- if include "assay.source.isClaim" . }}
- name: source
  persistentVolumeClaim: {claimName: {{ regexFind "[^/]+" (trimPrefix "pvc://" .from) | quote }}, readOnly: true}
{{- end }}
{{- end }}

{{/*
The egress rule that a source needs; none when it is a claim or in the image. An S3 endpoint of another port than 443,
which may stand in a Secret, is for networkPolicy.extraEgress.
*/}}
{{- define "assay.source.egress" -}}
{{- if not .from }}
- to:
    - podSelector:
        matchLabels: {{- include "assay.selector" (dict "root" .root "component" "store") | nindent 10 }}
  ports: [{port: 8080}]
{{- else if regexMatch "^https?://" .from }}
{{- $url := urlParse .from }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
- ports: [{port: {{ $port | default (ternary 443 80 (eq $url.scheme "https")) }}}]
{{- else if hasPrefix "s3://" .from }}
- ports: [{port: 443}]
{{- end }}
{{- end }}
