{{/* The database of records: which Secret has its URLs and passwords, and who gets which of them as files. */}}

{{/* Where those of a Secret are mounted. */}}
{{- define "assay.database.directory" -}}
/etc/assay-database
{{- end }}

{{/* Variables, as YAML, for a program that connects as a role: root, and key, the URL's in the Secret. */}}
{{- define "assay.database.settings" -}}
- {name: ASSAY_DATABASE_URL_FILE, value: {{ include "assay.database.directory" . }}/{{ .key }}}
{{- end }}

{{- define "assay.database.mount" -}}
- {name: database, mountPath: {{ include "assay.database.directory" . }}, readOnly: true}
{{- end }}

{{/* A volume with some keys of the Secret and no others: root, keys, and maybe optional (keys that may be missing). */}}
{{- define "assay.database.volume" -}}
- name: database
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .root.Values.database.secretName | quote }}
          items:
            {{- range .keys }}
            - {key: {{ . }}, path: {{ . }}}
            {{- end }}
{{- end }}

{{/* Who may leave for the database: root. */}}
{{- define "assay.database.egress" -}}
{{- if .root.Values.database.bundled.enabled -}}
- to:
    - podSelector:
        matchLabels: {{- include "assay.selector" (dict "root" .root "component" "database") | nindent 10 }}
  ports: [{port: 5432}]
{{- else if .root.Values.database.secretName -}}
- ports: [{port: {{ .root.Values.database.port | int64 }}}]
{{- end }}
{{- end }}

{{/* The pod that runs `assay db …`: root, component, args (a list). */}}
{{- define "assay.database.podTemplate" -}}
{{- $context := dict "root" .root "component" "database-setup" "values" (include "assay.database.setupValues" . | fromYaml) -}}
metadata:
  {{- include "assay.podMetadata" (merge (dict "annotations" dict) $context) | nindent 2 }}
spec:
  {{- include "assay.podSpec" $context | nindent 2 }}
  restartPolicy: OnFailure
  containers:
    - name: database-setup
      {{- include "assay.container" $context | nindent 6 }}
      args: {{- toYaml .args | nindent 8 }}
      {{- $own := include "assay.database.settings" (dict "key" "owner-url") | fromYamlArray }}
      {{- range .passwords }}
      {{- $file := printf "%s/%s-password" (include "assay.database.directory" $context) . }}
      {{- $own = append $own (dict "name" (printf "ASSAY_DATABASE_%s_PASSWORD_FILE" (upper .)) "value" $file) }}
      {{- end }}
      {{- include "assay.environment" (dict "own" $own "values" $context.values) | nindent 6 }}
      resources: {{- toYaml .root.Values.database.setup.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- include "assay.database.mount" $context | nindent 8 }}
        {{- with $context.values.extraVolumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    {{- include "assay.temporaryVolume" $context | nindent 4 }}
    {{- $keys := list "owner-url" }}
    {{- range .passwords }}{{ $keys = append $keys (printf "%s-password" .) }}{{ end }}
    {{- include "assay.database.volume" (dict "root" .root "keys" $keys) | nindent 4 }}
    {{- with $context.values.extraVolumes }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}

{{- define "assay.database.setupValues" -}}
{{- merge (deepCopy (.root.Values.database.setup.pod | default dict)) (deepCopy .root.Values.pod) | toYaml }}
{{- end }}

{{- define "assay.check.database" -}}
{{- $database := .Values.database }}
{{- if and (not $database.secretName) (or $database.bundled.enabled (eq .Values.predictor.recording.sink "database")) }}
{{- fail "database.secretName is empty, but a database is asked for; name the Secret that has its URLs and passwords (README, Database of records)" }}
{{- end }}
{{- if and (eq .Values.predictor.recording.sink "database") .Values.predictor.recording.existingClaim }}
{{- fail "predictor.recording.existingClaim is for files, but predictor.recording.sink is database; leave one of them out" }}
{{- end }}
{{- end }}
