{{/* The base route, of the root: everything to the stable revision. */}}
{{- define "assay.route" -}}
{{- $gateway := .Values.gateway -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{- include "assay.metadata" (dict "root" . "name" .Release.Name) | nindent 2 }}
spec:
  parentRefs:
    - name: {{ include "assay.gatewayName" . | quote }}
      {{- if $gateway.existing.name }}
      namespace: {{ include "assay.gatewayNamespace" . | quote }}
      {{- with $gateway.existing.sectionName }}
      sectionName: {{ . | quote }}
      {{- end }}
      {{- end }}
  {{- with $gateway.hostnames }}
  hostnames: {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        - path: {type: PathPrefix, value: /}
      backendRefs:
        - {name: {{ include "assay.workloadName" (dict "root" . "revision" .Values.stable) }}, port: 80}
{{- end }}
