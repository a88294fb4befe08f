{{/*
The console, and what it makes by the chart's own means. Revisions, the promotion's Job and the base route are rendered
here as they would be for values, with a placeholder, such as @canary@, for what is not known before a deployment: the
console puts names and digests in their places, and applies the result (console/kubernetes/chart_templates.py).
*/}}

{{/* The root with values in which a deployment's names and digests are placeholders. */}}
{{- define "assay.console.values" -}}
{{- $promotion := dict "holdout" (dict "digest" "sha256:@holdout@" "from" "") -}}
{{- dict
      "stable" (dict "revision" "@stable@" "bundle" (dict "digest" "sha256:@stable-bundle@"))
      "canary" (dict "revision" "@canary@" "bundle" (dict "digest" "sha256:@canary-bundle@"))
      "promotion" $promotion | toYaml }}
{{- end }}

{{- define "assay.console.template.revision" -}}
{{- $revision := dict "revision" "@canary@" "bundle" (dict "digest" "sha256:@canary-bundle@") -}}
{{ include "assay.revision" (dict "root" . "revision" $revision "component" "predictor") }}
{{- end }}

{{/* The whole Job; the console puts what its deployment asks for behind the arguments, where it wins. */}}
{{- define "assay.console.template.promotion" -}}
{{- $name := printf "%s-promotion-@canary@" .Release.Name }}
{{- include "assay.promotion.job" (dict "root" . "jobName" $name "gate" (printf "%s-console" .Release.Name)) }}
{{- end }}

{{/* A Job that runs the program: its log is stderr, its result, a few hundred bytes, the termination message. */}}
{{- define "assay.console.template.job" -}}
{{- $context := dict "root" . "component" "training" }}
{{- $console := .Values.console }}
{{- $values := merge (deepCopy ($console.pod | default dict)) (deepCopy .Values.pod) -}}
apiVersion: batch/v1
kind: Job
metadata:
  namespace: {{ .Release.Namespace | quote }}
  labels: {{- include "assay.labels" $context | nindent 4 }}
spec:
  ttlSecondsAfterFinished: 86400
  template:
    metadata: {{- include "assay.podMetadata" (merge (dict "values" $values "annotations" dict) $context) | nindent 6 }}
    spec:
      {{- include "assay.podSpec" (dict "root" . "values" $values) | nindent 6 }}
      # The program is not the first process there, which would not hear SIGTERM.
      shareProcessNamespace: true
      containers:
        - name: job
          {{- include "assay.container" (dict "root" . "own" (include "assay.fullImage" . | fromYaml)) | nindent 10 }}
          command: [sh, -c, 'exec assay "$@" >/dev/termination-log', job]
          {{- include "assay.environment" (dict "values" $values) | nindent 10 }}
          resources: {{- toYaml $console.training.resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: state, mountPath: /state}
            {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 12 }}{{ end }}
      volumes:
        {{- include "assay.temporaryVolume" . | nindent 8 }}
        - name: state
          persistentVolumeClaim: {claimName: {{ include "assay.console.claim" . | quote }}}
        {{- with $values.extraVolumes }}{{ toYaml . | nindent 8 }}{{ end }}
{{- end }}

{{- define "assay.console.claim" -}}
{{ .Values.console.persistence.existingClaim | default (printf "%s-console" .Release.Name) }}
{{- end }}

{{- define "assay.console.settings" -}}
- {name: ASSAY_CONSOLE_STATE, value: /state}
- {name: ASSAY_CONSOLE_RELEASE, value: {{ .Release.Name | quote }}}
- {name: ASSAY_CONSOLE_NAMESPACE, value: {{ .Release.Namespace | quote }}}
- {name: ASSAY_CONSOLE_TEMPLATES, value: /etc/assay-console}
- {name: ASSAY_CONSOLE_STORE_URL, value: {{ printf "http://%s-store" .Release.Name | quote }}}
- {name: ASSAY_CONSOLE_GATEWAY_URL, value: {{ include "assay.promotion.gatewayUrl" . | quote }}}
{{- with .Values.promotion.gatewayStatsUrl }}
- {name: ASSAY_CONSOLE_GATEWAY_STATS_URL, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := merge (dict) .Values.console.settings (dict "logFormat" "json") }}
{{- $isWhole := and (kindIs "float64" $value) (eq ($value | float64) ($value | int64 | float64)) }}
- {name: ASSAY_CONSOLE_{{ snakecase $name | upper }}, value: {{ ternary ($value | int64) $value $isWhole | toString | quote }}}
{{- end }}
{{ include "assay.keys.settings" (dict "root" . "prefix" "ASSAY_CONSOLE_") }}
{{ include "assay.callerKey.settings" (dict "root" .) }}
{{- with .Values.database.secretName }}
{{ include "assay.database.settings" (dict "key" "console-url") }}
{{- end }}
{{- end }}

{{- define "assay.check.console" -}}
{{- if or .Values.stable .Values.canary }}
{{- fail "console.enabled gives the revisions to the console, but stable or canary names one, too; leave them out, or set console.enabled=false" }}
{{- end }}
{{- if ne .Values.mode "deployment" }}
{{- fail (printf "console.enabled goes with mode deployment, but mode is %s" .Values.mode) }}
{{- end }}
{{- if not (and .Values.store.enabled .Values.promotion.enabled) }}
{{- fail "console.enabled needs the chart's store, which revisions are fetched from, and the promotion; set store.enabled and promotion.enabled" }}
{{- end }}
{{- if not (and .Values.database.secretName .Values.predictor.recording.enabled (eq .Values.predictor.recording.sink "database")) }}
{{- fail "console.enabled needs a database that predictors record in, too; set database.secretName, predictor.recording.enabled and predictor.recording.sink=database" }}
{{- end }}
{{- end }}
