{{/* Keys: which Secret has the file by which predictors and the console let callers in, and which has the key that the
promotion and the console show to predictors. A Secret is mounted whole, so that a new one is seen without a restart. */}}

{{/* Variables, as YAML: root, and prefix, ASSAY_ or ASSAY_CONSOLE_. */}}
{{- define "assay.keys.settings" -}}
{{- if .root.Values.keys.secretName }}
- {name: {{ .prefix }}KEYS_FILE, value: /etc/assay-keys/keys.json}
{{- else if eq .prefix "ASSAY_" }}
- {name: ASSAY_WITHOUT_KEYS, value: "true"}
{{- end }}
{{- end }}

{{- define "assay.keys.mount" -}}
{{- if .root.Values.keys.secretName }}
- {name: keys, mountPath: /etc/assay-keys, readOnly: true}
{{- end }}
{{- end }}

{{- define "assay.keys.volume" -}}
{{- if .root.Values.keys.secretName }}
- name: keys
  secret:
    secretName: {{ .root.Values.keys.secretName | quote }}
    defaultMode: 0440
    items: [{key: keys.json, path: keys.json}]
{{- end }}
{{- end }}

{{- define "assay.callerKey.settings" -}}
{{- if .root.Values.keys.callerSecretName }}
- {name: ASSAY_API_KEY_FILE, value: /etc/assay-caller/api-key}
{{- end }}
{{- end }}

{{- define "assay.callerKey.mount" -}}
{{- if .root.Values.keys.callerSecretName }}
- {name: caller-key, mountPath: /etc/assay-caller, readOnly: true}
{{- end }}
{{- end }}

{{- define "assay.callerKey.volume" -}}
{{- if .root.Values.keys.callerSecretName }}
- name: caller-key
  secret:
    secretName: {{ .root.Values.keys.callerSecretName | quote }}
    defaultMode: 0440
    items: [{key: api-key, path: api-key}]
{{- end }}
{{- end }}

{{- define "assay.check.keys" -}}
{{- $asks := or .Values.console.enabled (and .Values.canary .Values.promotion.enabled) }}
{{- if and .Values.keys.secretName $asks (not .Values.keys.callerSecretName) }}
{{- fail "keys.secretName is set, so the promotion and the console need a key, too; name the Secret that has one with the scopes read and infer: keys.callerSecretName" }}
{{- end }}
{{- end }}
