{{/* What a schema cannot say: values that do not go together. Each refusal says what to do. */}}

{{- define "assay.check" -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$" .Release.Name) }}
{{- fail (printf "the release is called %q; expected a lower-case letter first, then letters, digits and hyphens, 30 in all" .Release.Name) }}
{{- end }}
{{- if .Values.console.enabled }}
{{- include "assay.check.console" . }}
{{- else if not .Values.stable }}
{{- fail "stable is empty; name the revision that serves, or set console.enabled, which names it itself" }}
{{- else }}
{{- include "assay.check.source" (dict "root" . "where" "stable.bundle" "source" .Values.stable.bundle) }}
{{- end }}
{{- if .Values.canary }}{{ include "assay.check.canary" . }}{{ end }}
{{- include "assay.check.gateway" . }}
{{- include "assay.check.database" . }}
{{- include "assay.check.keys" . }}
{{- $scaling := .Values.predictor.autoscaling }}
{{- if gt (int64 $scaling.minReplicas) (int64 $scaling.maxReplicas) }}
{{- fail "predictor.autoscaling.minReplicas is above maxReplicas" }}
{{- end }}
{{- if and $scaling.targetQueueDepth (eq .Values.mode "kserve") }}
{{- fail "predictor.autoscaling.targetQueueDepth is not for mode kserve, which scales by one metric; leave it out" }}
{{- end }}
{{- if eq .Values.mode "kserve" }}{{ include "assay.kserve.check" . }}{{ end }}
{{- end }}

{{- define "assay.check.source" -}}
{{- if not (or .source.from .root.Values.store.enabled) }}
{{- fail (printf "%s.from is empty, which means the chart's store, but store.enabled is false; name another source" .where) }}
{{- end }}
{{- end }}

{{- define "assay.check.canary" -}}
{{- if eq .Values.canary.revision .Values.stable.revision }}
{{- fail (printf "stable and canary are both called %s; a revision never changes, so a new bundle needs a new name" .Values.canary.revision) }}
{{- end }}
{{- include "assay.check.source" (dict "root" . "where" "canary.bundle" "source" .Values.canary.bundle) }}
{{- if .Values.promotion.enabled }}
{{- if not .Values.promotion.holdout.digest }}
{{- fail "promotion.holdout.digest is empty, so nothing can judge the canary; `assay store push --holdout` prints it, or set promotion.enabled=false" }}
{{- end }}
{{- include "assay.check.source" (dict "root" . "where" "promotion.holdout" "source" .Values.promotion.holdout) }}
{{- if and (not .Values.promotion.gatewayStatsUrl) .Values.promotion.minimumRequests }}
{{- fail "promotion.gatewayStatsUrl is empty, so no step would see its requests; name it, or set promotion.minimumRequests=0" }}
{{- end }}
{{- if and (not .Values.promotion.gatewayStatsUrl) (has "gateway" .Values.promotion.guardrails.sources) }}
{{- fail "promotion.gatewayStatsUrl is empty, so the guardrails cannot ask the gateway; name it, or set promotion.guardrails.sources={revisions}" }}
{{- end }}
{{- $steps := list }}
{{- range .Values.promotion.steps }}{{ $steps = append $steps (toString .) }}{{ end }}
{{- range concat (keys .Values.promotion.pauses) .Values.promotion.approvals }}
{{- if not (has (toString .) $steps) }}{{ fail (printf "promotion.pauses and promotion.approvals name %v %%, which is none of promotion.steps, %v" . $.Values.promotion.steps) }}{{ end }}
{{- end }}
{{- if and .Values.promotion.approvals (le (int64 .Values.promotion.activeDeadlineSeconds) (int64 .Values.promotion.approvalSeconds)) }}
{{- fail "promotion.activeDeadlineSeconds is not above promotion.approvalSeconds, so the Job would end before the wait does" }}
{{- end }}
{{- $before := 0 }}
{{- range .Values.promotion.steps }}
{{- if le (int64 .) (int64 $before) }}{{ fail (printf "promotion.steps are %v; expected rising percentages" $.Values.promotion.steps) }}{{ end }}
{{- $before = . }}
{{- end }}
{{- if ne (int64 $before) 100 }}
{{- fail (printf "promotion.steps are %v; expected 100 at the end" .Values.promotion.steps) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "assay.check.gateway" -}}
{{- $gateway := .Values.gateway }}
{{- if and $gateway.existing.name $gateway.tls.enabled }}
{{- fail (printf "gateway.tls is for a Gateway that the chart makes, but gateway.existing names %s; leave one of them out" $gateway.existing.name) }}
{{- end }}
{{- end }}
