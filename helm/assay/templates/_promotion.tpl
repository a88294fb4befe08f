{{/* The promotion's pod. Its digest is in the Job's name, so whatever changes in it makes another Job. */}}

{{- define "assay.promotion.url" -}}
http://{{ include "assay.workloadName" . }}
{{- end }}

{{/* The gateway as a pod sees it. Envoy Gateway calls a proxy's Service by namespace, name and a hash of both. */}}
{{- define "assay.promotion.gatewayUrl" -}}
{{- if .Values.promotion.gatewayUrl -}}
{{ .Values.promotion.gatewayUrl }}
{{- else -}}
{{- $namespace := include "assay.gatewayNamespace" . }}
{{- $name := include "assay.gatewayName" . }}
{{- $digest := sha256sum (printf "%s/%s" $namespace $name) | trunc 8 }}
{{- $called := printf "%s-%s" $namespace $name | trunc 48 | trimSuffix "-" }}
{{- printf "http://envoy-%s-%s.%s" $called $digest .Values.gateway.proxyNamespace }}
{{- end }}
{{- end }}

{{- define "assay.promotion.pauses" -}}
{{- $pauses := list }}
{{- range $percent, $seconds := . }}{{ $pauses = append $pauses (printf "%v=%d" $percent (int64 $seconds)) }}{{ end }}
{{- join "," $pauses }}
{{- end }}

{{- define "assay.promotion.gateYaml" -}}
{{- merge (dict "format" 1) .Values.promotion.gate | toYaml }}
{{- end }}

{{/* As --prometheus-labels has them. */}}
{{- define "assay.promotion.prometheusLabels" -}}
{{- $labels := .Values.promotion.guardrails.prometheusLabels | default (dict "namespace" .Release.Namespace) }}
{{- $named := list }}
{{- range $name, $value := $labels }}{{ $named = append $named (printf "%s=%s" $name $value) }}{{ end }}
{{- $named | join "," }}
{{- end }}

{{- define "assay.promotion.source" -}}
{{- dict "kind" "holdout" "digest" .Values.promotion.holdout.digest "from" .Values.promotion.holdout.from | toYaml }}
{{- end }}

{{/* The Job's name and that of its ConfigMap. */}}
{{- define "assay.promotion.jobName" -}}
{{- $pod := include "assay.promotion.podTemplate" (dict "root" . "jobName" "") }}
{{- $gate := include "assay.promotion.gateYaml" . }}
{{- printf "%s-promotion-%s" .Release.Name (printf "%s\n%s" $pod $gate | sha256sum | trunc 10) }}
{{- end }}

{{/* The Job: root, jobName, and maybe gate, the ConfigMap with its gate.yaml, where that is not called like the Job. */}}
{{- define "assay.promotion.job" -}}
apiVersion: batch/v1
kind: Job
metadata: {{- include "assay.metadata" (dict "root" .root "component" "promotion" "name" .jobName) | nindent 2 }}
spec:
  backoffLimit: {{ .root.Values.promotion.backoffLimit | int64 }}
  activeDeadlineSeconds: {{ .root.Values.promotion.activeDeadlineSeconds | int64 }}
  # A pod is replaced when it has ended, not while it ends: one rollout at a time.
  podReplacementPolicy: Failed
  podFailurePolicy:
    rules:
      # REJECT and INCONCLUSIVE are answers: to ask again would change nothing.
      - action: FailJob
        onExitCodes: {containerName: promotion, operator: In, values: [10, 11]}
      # Evicted, preempted, or its node is gone: it goes on from its record, and that is no failure of its own.
      - action: Ignore
        onPodConditions: [{type: DisruptionTarget, status: "True"}]
  template: {{- include "assay.promotion.podTemplate" . | nindent 4 }}
{{- end }}

{{/* root, jobName, and maybe gate. */}}
{{- define "assay.promotion.podTemplate" -}}
{{- $root := .root }}
{{- $promotion := .root.Values.promotion }}
{{- $context := dict "root" .root "component" "promotion" "own" (include "assay.fullImage" .root | fromYaml) }}
{{- $values := include "assay.podValues" $context | fromYaml }}
{{- $source := merge (include "assay.promotion.source" .root | fromYaml) (dict "root" .root) }}
{{- $annotations := dict
      "assay.dev/canary" .root.Values.canary.bundle.digest
      "assay.dev/holdout" $promotion.holdout.digest
      "assay.dev/stable" .root.Values.stable.bundle.digest -}}
metadata:
  {{- include "assay.podMetadata" (merge (dict "values" $values "annotations" $annotations) $context) | nindent 2 }}
spec:
  {{- include "assay.podSpec" (dict "root" .root "values" $values "hasToken" true) | nindent 2 }}
  serviceAccountName: {{ .root.Release.Name }}-promotion
  restartPolicy: Never
  terminationGracePeriodSeconds: {{ $promotion.terminationGracePeriodSeconds | int64 }}
  initContainers:
    - {{ include "assay.source.fetch" (merge $source (dict "own" $context.own "to" "/holdout/holdout.csv" "mountPath" "/holdout")) | nindent 6 | trim }}
  containers:
    - name: promotion
      {{- include "assay.container" $context | nindent 6 }}
      args:
        - promote
        - --release
        - {{ .root.Release.Name | quote }}
        - --namespace
        - {{ .root.Release.Namespace | quote }}
        - --job
        - {{ .jobName | quote }}
        {{- range $role := list "stable" "canary" }}
        {{- $revision := index $root.Values $role }}
        - --{{ $role }}
        - {{ printf "%s=%s" $revision.revision (include "assay.promotion.url" (dict "root" $root "revision" $revision)) }}
        - --{{ $role }}-digest
        - {{ $revision.bundle.digest }}
        {{- end }}
        - --wait-ready-seconds
        - {{ $promotion.waitReadySeconds | int64 | quote }}
        - --holdout
        - /holdout/holdout.csv
        - --config
        - /etc/assay/gate.yaml
        {{- if ne $promotion.logFormat "lines" }}
        - --log-format
        - {{ $promotion.logFormat }}
        {{- end }}
        - --gateway-url
        - {{ include "assay.promotion.gatewayUrl" .root }}
        {{- with $promotion.gatewayStatsUrl }}
        - --gateway-stats-url
        - {{ . | quote }}
        {{- end }}
        - --guardrail-sources
        - {{ $promotion.guardrails.sources | join "," | quote }}
        {{- with $promotion.guardrails.prometheusUrl }}
        - --prometheus-url
        - {{ . | quote }}
        - --prometheus-labels
        - {{ include "assay.promotion.prometheusLabels" $root | quote }}
        {{- end }}
        - --steps
        - {{ $promotion.steps | join "," | quote }}
        - --minimum-requests
        - {{ $promotion.minimumRequests | int64 | quote }}
        - --minimum-seconds
        - {{ $promotion.minimumSeconds | int64 | quote }}
        - --deadline-seconds
        - {{ $promotion.deadlineSeconds | int64 | quote }}
        {{- if $promotion.pauses }}
        - --pauses
        - {{ include "assay.promotion.pauses" $promotion.pauses | quote }}
        {{- end }}
        {{- if $promotion.approvals }}
        - --approvals
        - {{ $promotion.approvals | join "," | quote }}
        - --approval-seconds
        - {{ $promotion.approvalSeconds | int64 | quote }}
        {{- end }}
        {{- if gt ($promotion.gate.looks | int64) 1 }}
        - --hold-seconds
        - {{ $promotion.holdSeconds | int64 | quote }}
        {{- if $root.Values.store.enabled }}
        - --rows-from
        - http://{{ .root.Release.Name }}-store
        {{- end }}
        {{- end }}
        {{- if $promotion.supersede }}
        - --supersede
        {{- end }}
        {{- with $promotion.extraArgs }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- $own := list }}
      {{- if .root.Values.database.secretName }}
      {{- $own = include "assay.database.settings" (dict "key" "console-url") | fromYamlArray }}
      {{- end }}
      {{- $own = concat $own (include "assay.callerKey.settings" . | fromYamlArray) }}
      {{- include "assay.environment" (dict "own" $own "values" $values) | nindent 6 }}
      resources: {{- toYaml $promotion.resources | nindent 8 }}
      volumeMounts:
        - {name: content, mountPath: /holdout, readOnly: true}
        - {name: gate, mountPath: /etc/assay, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- include "assay.callerKey.mount" . | nindent 8 }}
        {{- if .root.Values.database.secretName }}
        {{- include "assay.database.mount" . | nindent 8 }}
        {{- end }}
        {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    {{- include "assay.source.volumes" $source | nindent 4 }}
    - name: gate
      configMap: {name: {{ .gate | default .jobName | quote }}}
    {{- include "assay.callerKey.volume" . | nindent 4 }}
    {{- if .root.Values.database.secretName }}
    {{- include "assay.database.volume" (dict "root" .root "keys" (list "console-url")) | nindent 4 }}
    {{- end }}
    {{- with $values.extraVolumes }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}
