{{/*
One pod behind a Service, with /health/live, /health/ready and /metrics: the store and the exporter.
A dict: root, component, name, args (a list), and maybe own (its image), strategy, hasToken (then with a service account
of that name), volumes and volumeMounts (lists).
*/}}

{{- define "assay.server" -}}
{{- $values := include "assay.podValues" . | fromYaml }}
{{- $scrape := include "assay.scrapeAnnotations" (dict "root" .root "port" 8080) | fromYaml }}
{{- $mounts := concat (.volumeMounts | default list) ($values.extraVolumeMounts | default list) }}
{{- $volumes := concat (.volumes | default list) ($values.extraVolumes | default list) -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  replicas: 1
  revisionHistoryLimit: 2
  {{- with .strategy }}
  strategy: {type: {{ . }}}
  {{- end }}
  selector:
    matchLabels: {{- include "assay.selector" . | nindent 6 }}
  template:
    metadata: {{- include "assay.podMetadata" (merge (dict "values" $values "annotations" $scrape) .) | nindent 6 }}
    spec:
      {{- include "assay.podSpec" (merge (dict "values" $values) .) | nindent 6 }}
      {{- if .hasToken }}
      serviceAccountName: {{ .name }}
      {{- end }}
      containers:
        - name: {{ .component }}
          {{- include "assay.container" . | nindent 10 }}
          args: {{- toYaml .args | nindent 12 }}
          {{- include "assay.environment" (dict "values" $values) | nindent 10 }}
          ports:
            - {name: http, containerPort: 8080, protocol: TCP}
          startupProbe:
            httpGet: {path: /health/ready, port: http}
            periodSeconds: 1
            failureThreshold: 60
            timeoutSeconds: 2
          readinessProbe:
            httpGet: {path: /health/ready, port: http}
            periodSeconds: 5
            timeoutSeconds: 2
          livenessProbe:
            httpGet: {path: /health/live, port: http}
            periodSeconds: 10
            timeoutSeconds: 2
          resources: {{- toYaml (index .root.Values .component).resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- with $mounts }}{{ toYaml . | nindent 12 }}{{ end }}
      volumes:
        {{- include "assay.temporaryVolume" . | nindent 8 }}
        {{- with $volumes }}{{ toYaml . | nindent 8 }}{{ end }}
---
{{ include "assay.service" . }}
{{- end }}

{{/* Port 80 before the pods of a component, or of a revision, which may speak gRPC on port 9000, too. */}}
{{- define "assay.service" -}}
apiVersion: v1
kind: Service
metadata: {{- include "assay.metadata" . | nindent 2 }}
spec:
  selector: {{- include "assay.selector" . | nindent 4 }}
  ports:
    - {name: http, port: 80, targetPort: http, protocol: TCP}
    {{- if and .revision .root.Values.predictor.grpc.enabled }}
    - {name: grpc, port: 9000, targetPort: grpc, protocol: TCP, appProtocol: kubernetes.io/h2c}
    {{- end }}
{{- end }}

{{/* Who may act on what: an account, and a Role of its name that the caller writes. */}}
{{- define "assay.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "assay.metadata" . | nindent 2 }}
automountServiceAccountToken: false # the pod asks for it by name
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{- include "assay.metadata" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .name }}}
subjects:
  - {kind: ServiceAccount, name: {{ .name }}, namespace: {{ .root.Release.Namespace | quote }}}
{{- end }}
