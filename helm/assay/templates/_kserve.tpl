{{/* `mode: kserve`: an InferenceService with our own server as its custom predictor, in KServe's Standard mode. */}}

{{- define "assay.revision.inferenceService" -}}
{{- $scaling := .root.Values.predictor.autoscaling }}
{{- $annotations := dict
      "serving.kserve.io/deploymentMode" "Standard"
      "serving.kserve.io/autoscalerClass" (ternary "hpa" "none" $scaling.enabled) }}
{{- $labels := dict "networking.kserve.io/visibility" "cluster-local" -}}
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {{ .name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  # cluster-local: KServe makes no route of its own, so that the split is the only one.
  labels: {{- merge $labels (include "assay.labels" . | fromYaml) | toYaml | nindent 4 }}
  annotations: {{- merge $annotations .root.Values.kserve.annotations | toYaml | nindent 4 }}
spec:
  predictor:
    {{- include "assay.predictor.podMetadata" . | nindent 4 }}
    {{- if $scaling.enabled }}
    minReplicas: {{ $scaling.minReplicas | int64 }}
    maxReplicas: {{ $scaling.maxReplicas | int64 }}
    scaleMetric: cpu
    scaleTarget: {{ $scaling.targetCpuPercent | int64 }}
    {{- else }}
    minReplicas: {{ include "assay.predictor.replicas" . }}
    {{- end }}
    {{- with .root.Values.kserve.predictor }}{{ toYaml . | nindent 4 }}{{ end }}
    {{- include "assay.predictor.podSpec" (merge (dict "containerName" "kserve-container") .) | nindent 4 }}
{{- end }}

{{/* Fields and annotations that Standard mode passes over without a word, and those that the chart writes. */}}
{{- define "assay.kserve.check" -}}
{{- $split := printf "the split is the route %s-split, which the rollout writes" .Release.Name }}
{{- $knativeFields := dict
      "canaryTrafficPercent" (printf "it would not split: %s" $split)
      "canary" (printf "KServe refuses it on a custom predictor: %s" $split)
      "containerConcurrency" "nothing would enforce it; `predictor.settings.inferenceThreads` limits the work" }}
{{- range $field, $why := $knativeFields }}
{{- if hasKey $.Values.kserve.predictor $field }}
{{- fail (printf "kserve.predictor.%s works on Knative only, and the chart uses KServe's Standard mode: %s" $field $why) }}
{{- end }}
{{- end }}
{{- range $field := list "minReplicas" "maxReplicas" "scaleMetric" "scaleTarget" }}
{{- if hasKey $.Values.kserve.predictor $field }}
{{- fail (printf "kserve.predictor.%s is written by the chart; set predictor.replicas or predictor.autoscaling" $field) }}
{{- end }}
{{- end }}
{{- $written := include "assay.predictor.podSpec" (dict "root" . "revision" .Values.stable "component" "predictor") | fromYaml }}
{{- range $field := concat (keys $written | sortAlpha) (list "model" "labels" "annotations") }}
{{- if hasKey $.Values.kserve.predictor $field }}
{{- fail (printf "kserve.predictor.%s is written by the chart; set it under predictor or predictor.pod" $field) }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.kserve.annotations }}
{{- if regexMatch "(^|\\.)knative\\.dev/" $name }}
{{- fail (printf "kserve.annotations has %s, which works on Knative only, and the chart uses KServe's Standard mode; leave it out" $name) }}
{{- end }}
{{- if has $name (list "serving.kserve.io/deploymentMode" "serving.kserve.io/autoscalerClass" "serving.kserve.io/enable-tag-routing") }}
{{- fail (printf "kserve.annotations has %s: the chart uses KServe's Standard mode and scales by predictor.autoscaling; leave it out" $name) }}
{{- end }}
{{- end }}
{{- end }}
