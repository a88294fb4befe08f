{{/*
A revision, whichever role it has: nothing here knows whether it is the stable one or the canary, so a canary that
becomes stable keeps its pods. All take a dict: root, revision (an entry of the values), component "predictor".
*/}}

{{- define "assay.predictor.replicas" -}}
{{ .revision.replicas | default .root.Values.predictor.replicas | int64 }}
{{- end }}

{{/* preStop, drain, requests in flight, and a margin: then nothing is cut off. */}}
{{- define "assay.predictor.graceSeconds" -}}
{{- $predictor := .root.Values.predictor }}
{{- add $predictor.preStopSeconds $predictor.drainSeconds ($predictor.settings.finishSeconds | default 20) 5 }}
{{- end }}

{{- define "assay.predictor.source" -}}
{{- dict "kind" "bundle" "digest" .revision.bundle.digest "from" (.revision.bundle.from | default "") | toYaml }}
{{- end }}

{{- define "assay.predictor.podMetadata" -}}
{{- $values := include "assay.podValues" . | fromYaml }}
{{- $annotations := dict "assay.dev/bundle" .revision.bundle.digest }}
{{- $annotations = merge $annotations (include "assay.scrapeAnnotations" (dict "root" .root "port" 8000) | fromYaml) }}
{{- include "assay.podMetadata" (merge (dict "values" $values "annotations" $annotations) .) }}
{{- end }}

{{/* The pod; `containerName` is what KServe wants to hear, else "predictor". */}}
{{- define "assay.predictor.podSpec" -}}
{{- $values := include "assay.podValues" . | fromYaml }}
{{- $source := merge (include "assay.predictor.source" . | fromYaml) (dict "root" .root "own" .revision.image) }}
{{- $directory := printf "/bundle/%s" (trimPrefix "sha256:" .revision.bundle.digest) }}
{{- include "assay.podSpec" (dict "root" .root "values" $values) }}
terminationGracePeriodSeconds: {{ include "assay.predictor.graceSeconds" . }}
{{- with .root.Values.predictor.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels: {{- include "assay.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
initContainers:
  - {{ include "assay.source.fetch" (merge $source (dict "to" $directory "mountPath" "/bundle")) | nindent 4 | trim }}
containers:
  - name: {{ .containerName }}
    {{- include "assay.container" (dict "root" .root "own" .revision.image) | nindent 4 }}
    args:
      - serve
      - --bundle
      - {{ $directory }}
      {{- with .root.Values.model }}
      - --model
      - {{ . | quote }}
      {{- end }}
      - --revision
      - {{ .revision.revision | quote }}
      - --host
      - 0.0.0.0
      - --http-port
      - "8000"
      {{- if .root.Values.predictor.grpc.enabled }}
      - --grpc-port
      - "9000"
      {{- end }}
      - --drain-seconds
      - {{ .root.Values.predictor.drainSeconds | int64 | quote }}
    {{- $settings := list }}
    {{- range $name, $value := .root.Values.predictor.settings }}
    {{- $variable := printf "ASSAY_%s" (snakecase $name | upper) }}
    {{- $isWhole := and (kindIs "float64" $value) (eq ($value | float64) ($value | int64 | float64)) }}
    {{- $settings = append $settings (dict "name" $variable "value" (ternary ($value | int64) $value $isWhole | toString)) }}
    {{- end }}
    {{- $settings = concat $settings (include "assay.predictor.recordSettings" .root.Values.predictor.recording | fromYamlArray) }}
    {{- $settings = concat $settings (include "assay.keys.settings" (dict "root" .root "prefix" "ASSAY_") | fromYamlArray) }}
    {{- include "assay.environment" (dict "own" $settings "values" $values) | nindent 4 }}
    ports:
      - {name: http, containerPort: 8000, protocol: TCP}
      {{- if .root.Values.predictor.grpc.enabled }}
      - {name: grpc, containerPort: 9000, protocol: TCP}
      {{- end }}
    {{- include "assay.predictor.probes" .root.Values.predictor.probes | nindent 4 }}
    lifecycle:
      preStop:
        sleep: {seconds: {{ .root.Values.predictor.preStopSeconds | int64 }}}
    resources: {{- toYaml .root.Values.predictor.resources | nindent 6 }}
    volumeMounts:
      - {name: content, mountPath: /bundle, readOnly: true}
      - {name: tmp, mountPath: /tmp}
      {{- include "assay.keys.mount" . | nindent 6 }}
      {{- if .root.Values.predictor.recording.enabled }}
      - {name: records, mountPath: /records}
      {{- if .root.Values.predictor.recording.existingClaim }}
      - {name: records-spool, mountPath: /records-spool}
      {{- end }}
      {{- if eq .root.Values.predictor.recording.sink "database" }}
      {{- include "assay.database.mount" . | nindent 6 }}
      {{- end }}
      {{- end }}
      {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 6 }}{{ end }}
volumes:
  {{- include "assay.source.volumes" $source | nindent 2 }}
  {{- include "assay.predictor.recordVolumes" .root.Values.predictor | nindent 2 }}
  {{- include "assay.keys.volume" . | nindent 2 }}
  {{- with .root.Values.predictor.recording }}
  {{- if and .enabled (eq .sink "database") }}
  {{- include "assay.database.volume" (dict "root" $.root "keys" (list "predictor-url")) | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with $values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{/* Variables, as YAML, from the values of `recording`. In a claim each pod writes to a directory of its own name. */}}
{{- define "assay.predictor.recordSettings" -}}
{{- if .enabled }}
{{- if eq .sink "database" }}
- {name: ASSAY_RECORD, value: database}
- {name: ASSAY_RECORD_SPOOL_DIR, value: /records}
{{ include "assay.database.settings" (dict "key" "predictor-url") }}
{{- else if .existingClaim }}
- {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: ASSAY_RECORD, value: jsonl:/records/$(POD_NAME)}
- {name: ASSAY_RECORD_SPOOL_DIR, value: /records-spool}
{{- else }}
- {name: ASSAY_RECORD, value: "jsonl:/records"}
{{- end }}
{{- with .clientHeader }}
- {name: ASSAY_RECORD_CLIENT_HEADER, value: {{ . | quote }}}
{{- end }}
- {name: ASSAY_RECORD_DISK_BYTES, value: {{ .diskBytes | int64 | quote }}}
- {name: ASSAY_RECORD_LIMIT_BYTES, value: {{ .limitBytes | int64 | quote }}}
- {name: ASSAY_RECORD_QUEUE_BYTES, value: {{ .queueBytes | int64 | quote }}}
{{- end }}
{{- end }}

{{/* Where they go. A pod that fills an emptyDir is evicted, so there is half as much room again as may be in it: files and
spool, or the spool alone. */}}
{{- define "assay.predictor.recordVolumes" -}}
{{- $recording := .recording }}
{{- if $recording.enabled }}
{{- $isShared := and (eq $recording.sink "files") (not $recording.existingClaim) }}
{{- $bytes := mul $recording.diskBytes (.settings.workers | default 1) (ternary 2 1 $isShared) }}
{{- $emptyDir := printf "emptyDir: {sizeLimit: %q}" (add $bytes (div $bytes 2) | toString) }}
{{- if $recording.existingClaim -}}
- name: records
  persistentVolumeClaim: {claimName: {{ $recording.existingClaim | quote }}}
- name: records-spool
  {{ $emptyDir }}
{{- else -}}
- name: records
  {{ $emptyDir }}
{{- end }}
{{- end }}
{{- end }}

{{- define "assay.predictor.probes" -}}
startupProbe:
  httpGet: {path: /v2/health/ready, port: http}
  periodSeconds: 1
  failureThreshold: {{ .startupSeconds | int64 }}
  timeoutSeconds: {{ .timeoutSeconds | int64 }}
readinessProbe:
  httpGet: {path: /v2/health/ready, port: http}
  periodSeconds: {{ .readinessPeriodSeconds | int64 }}
  failureThreshold: 3
  timeoutSeconds: {{ .timeoutSeconds | int64 }}
livenessProbe:
  httpGet: {path: /v2/health/live, port: http}
  periodSeconds: {{ .livenessPeriodSeconds | int64 }}
  failureThreshold: 3
  timeoutSeconds: {{ .timeoutSeconds | int64 }}
{{- end }}
