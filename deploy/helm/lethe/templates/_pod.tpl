{{/* Settings of every process. Each has the name that README.md lists; `deploy/validate.sh` checks that it exists. */}}
{{- define "lethe.env" -}}
- { name: KAFKA_BROKERS, value: {{ join "," .Values.kafka.brokers | quote }} }
{{- with .Values.kafka.tls }}
{{- if .enabled }}
- { name: KAFKA_SSL, value: "true" }
{{- if .secret }}
- { name: KAFKA_SSL_CA, value: /etc/lethe/kafka-tls/ca.crt }
{{- end }}
{{- if .clientCertificate }}
- { name: KAFKA_SSL_CERT, value: /etc/lethe/kafka-tls/tls.crt }
- { name: KAFKA_SSL_KEY, value: /etc/lethe/kafka-tls/tls.key }
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.kafka.sasl }}
{{- if .mechanism }}
- { name: KAFKA_SASL_MECHANISM, value: {{ .mechanism }} }
- { name: KAFKA_SASL_USERNAME_FILE, value: /etc/lethe/kafka-sasl/username }
- { name: KAFKA_SASL_PASSWORD_FILE, value: /etc/lethe/kafka-sasl/password }
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if .secret }}
- { name: REDIS_URL_FILE, value: /etc/lethe/redis/url }
{{- else }}
- { name: REDIS_URL, value: {{ .url | quote }} }
{{- end }}
{{- if .tls.secret }}
- { name: REDIS_CA, value: /etc/lethe/redis-tls/ca.crt }
{{- if .tls.clientCertificate }}
- { name: REDIS_CERT, value: /etc/lethe/redis-tls/tls.crt }
- { name: REDIS_KEY, value: /etc/lethe/redis-tls/tls.key }
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.registry }}
{{- if .url }}
- { name: SCHEMA_REGISTRY_URL, value: {{ .url | quote }} }
{{- if .secret }}
- { name: SCHEMA_REGISTRY_USER_FILE, value: /etc/lethe/registry/username }
- { name: SCHEMA_REGISTRY_PASSWORD_FILE, value: /etc/lethe/registry/password }
{{- end }}
{{- end }}
{{- end }}
- { name: LETHE_GROUP_ID, value: {{ .Values.groupId | quote }} }
{{- range $index, $file := .Values.secretFiles }}
- { name: {{ $file.setting }}, value: /etc/lethe/secret-{{ $index }}/{{ $file.key }} }
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- /* Helm reads every number as a float, and would print 2097152 as 2.097152e+06. */}}
{{- $whole := and (kindIs "float64" $value) (eq $value (floor $value)) }}
- { name: {{ $name }}, value: {{ ternary (printf "%.0f" (float64 $value)) (toString $value) $whole | quote }} }
{{- end }}
{{- end }}

{{/* Of who works with values and tokens: `push` has no use for keys. */}}
{{- define "lethe.keysEnv" -}}
- { name: LETHE_KEYS_FILE, value: /etc/lethe/keys/keys.json }
{{- end }}

{{/*
name → Secret and what of it is mounted under which name, as YAML that "lethe.mounts" and "lethe.volumes" read.
Takes (list $ COMPONENT): its own Secrets stand in for those of all.
*/}}
{{- define "lethe.secretVolumes" -}}
{{- $component := index . 1 -}}
{{- with index . 0 -}}
{{- $own := (index .Values $component).secrets -}}
{{- if and $own.redis (not .Values.redis.secret) }}
{{- fail (printf "%s.secrets.redis stands in for redis.secret, which is not set" $component) }}
{{- end }}
{{- if and $own.kafkaSasl (not .Values.kafka.sasl.mechanism) }}
{{- fail (printf "%s.secrets.kafkaSasl stands in for kafka.sasl.secret, but there is no kafka.sasl.mechanism" $component) }}
{{- end }}
{{- if and $own.kafkaTls (not (and .Values.kafka.tls.enabled .Values.kafka.tls.secret)) }}
{{- fail (printf "%s.secrets.kafkaTls stands in for kafka.tls.secret, which is not set" $component) }}
{{- end }}
{{- if ne $component "push" }}
keys: { secret: {{ $own.keys | default .Values.keys.secret }}, items: { keys.json: {{ .Values.keys.key }} } }
{{- end }}
{{- if and .Values.kafka.tls.enabled .Values.kafka.tls.secret }}
kafka-tls:
  secret: {{ $own.kafkaTls | default .Values.kafka.tls.secret }}
  items: { ca.crt: ca.crt{{ if .Values.kafka.tls.clientCertificate }}, tls.crt: tls.crt, tls.key: tls.key{{ end }} }
{{- end }}
{{- if .Values.kafka.sasl.mechanism }}
kafka-sasl:
  secret: {{ $own.kafkaSasl | default .Values.kafka.sasl.secret }}
  items: { username: {{ .Values.kafka.sasl.usernameKey }}, password: {{ .Values.kafka.sasl.passwordKey }} }
{{- end }}
{{- if .Values.redis.secret }}
redis: { secret: {{ $own.redis | default .Values.redis.secret }}, items: { url: {{ .Values.redis.urlKey }} } }
{{- end }}
{{- if .Values.redis.tls.secret }}
redis-tls:
  secret: {{ .Values.redis.tls.secret }}
  items: { ca.crt: ca.crt{{ if .Values.redis.tls.clientCertificate }}, tls.crt: tls.crt, tls.key: tls.key{{ end }} }
{{- end }}
{{- if and .Values.registry.url .Values.registry.secret }}
registry:
  secret: {{ .Values.registry.secret }}
  items: { username: {{ .Values.registry.userKey }}, password: {{ .Values.registry.passwordKey }} }
{{- end }}
{{- range $index, $file := .Values.secretFiles }}
secret-{{ $index }}: { secret: {{ $file.secret }}, items: { {{ $file.key }}: {{ $file.key }} } }
{{- end }}
{{- end }}
{{- end }}

{{- define "lethe.apiSecretVolumes" -}}
{{- with .Values.control.api }}
api-tokens: { secret: {{ .tokens.secret }}, items: { tokens.json: {{ .tokens.key }} } }
{{- if .tlsSecret }}
api-tls: { secret: {{ .tlsSecret }}, items: { tls.crt: tls.crt, tls.key: tls.key } }
{{- end }}
{{- if .feeds.secret }}
api-feeds: { secret: {{ .feeds.secret }}, items: { feeds.yaml: {{ .feeds.key }} } }
{{- end }}
{{- end }}
{{- end }}

{{/* Whole directories, never a subPath: only so does a changed Secret reach a running process. Takes the YAML above. */}}
{{- define "lethe.mounts" -}}
{{- range $name, $_ := fromYaml . }}
- { name: {{ $name }}, mountPath: /etc/lethe/{{ $name }}, readOnly: true }
{{- end }}
{{- end }}

{{- define "lethe.volumes" -}}
{{- range $name, $volume := fromYaml . }}
- name: {{ $name }}
  secret:
    secretName: {{ $volume.secret }}
    # Read by the group, which is the pod's (fsGroup).
    defaultMode: 0440
    items:
      {{- range $file, $key := $volume.items }}
      - { key: {{ $key | quote }}, path: {{ $file | quote }} }
      {{- end }}
{{- end }}
{{- end }}

{{/* The Pod Security Standard "restricted". */}}
{{- define "lethe.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "lethe.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "lethe.probes" -}}
# A start is slow only where the node is: readiness tells of dependencies, liveness never does.
startupProbe:
  httpGet: { path: /livez, port: metrics }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{/* Where pods go. Takes (list $ COMPONENT VALUES-OF-IT). */}}
{{- define "lethe.placement" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index . 2 -}}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- if $values.topologySpreadConstraints }}
{{- toYaml $values.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "lethe.selector" (list $root $component) | nindent 8 }}
    # Else old pods count while new ones come.
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}
