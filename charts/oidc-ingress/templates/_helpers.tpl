{{/* Names, labels, and what follows from several values. */}}

{{- define "oidc-ingress.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "oidc-ingress.fullname" -}}
{{- $name := include "oidc-ingress.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "oidc-ingress.selectorLabels" -}}
app.kubernetes.io/name: {{ include "oidc-ingress.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "oidc-ingress.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "oidc-ingress.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "oidc-ingress.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "oidc-ingress.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: needed while serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "oidc-ingress.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "oidc-ingress.terminationGracePeriodSeconds" -}}
{{- $drain := add .Values.drain.delaySeconds .Values.drain.timeoutSeconds -}}
{{- $seconds := .Values.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $seconds -}}
{{- add $drain 10 -}}
{{- else if lt (int $seconds) (int $drain) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d must not be less than drain.delaySeconds and drain.timeoutSeconds together, %d" (int $seconds) (int $drain)) -}}
{{- else -}}
{{- int $seconds -}}
{{- end -}}
{{- end }}

{{/* Fewest pods that are meant to run: the number that a disruption budget goes by. */}}
{{- define "oidc-ingress.minReplicas" -}}
{{- if ne .Values.kind "Deployment" -}}
0
{{- else if .Values.autoscaling.enabled -}}
{{- .Values.autoscaling.minReplicas -}}
{{- else if kindIs "invalid" .Values.replicaCount -}}
{{- /* Another autoscaler decides; a budget by what may be gone does no harm to a single pod. */ -}}
2
{{- else -}}
{{- .Values.replicaCount -}}
{{- end -}}
{{- end }}

{{/* The Service whose addresses go into the status of Ingresses, or nothing. */}}
{{- define "oidc-ingress.publishedService" -}}
{{- with .Values.publishService -}}
{{- if and .enabled (not $.Values.publishAddresses) -}}
{{- if .pathOverride -}}
{{- .pathOverride -}}
{{- else if $.Values.service.enabled -}}
{{- printf "%s/%s" $.Release.Namespace (include "oidc-ingress.fullname" $) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The flags of the process, by name. A flag that a value stands for must be set by that value. */}}
{{- define "oidc-ingress.flags" -}}
{{- $values := .Values -}}
{{- $flags := dict
  "http-address" (printf ":%d" (int $values.containerPort.http))
  "https-address" (printf ":%d" (int $values.containerPort.https))
  "admin-address" (printf ":%d" (int $values.containerPort.admin))
  "drain-delay" (printf "%ds" (int $values.drain.delaySeconds))
  "drain-timeout" (printf "%ds" (int $values.drain.timeoutSeconds))
  "ingress-class" $values.ingressClass
  "watch-ingress-without-class" (ternary "true" "" $values.watchIngressWithoutClass)
  "watch-namespaces" (join "," $values.watchNamespaces)
  "secret-mode" (get (dict "cluster" "" "namespaces" "namespaced" "named" "named") $values.rbac.scope)
  "leader-election" (ternary "" "false" $values.leaderElection.enabled)
  "leader-election-id" (ternary (include "oidc-ingress.fullname" .) "" $values.leaderElection.enabled)
  "publish-address" (join "," $values.publishAddresses)
  "publish-service" (include "oidc-ingress.publishedService" .)
  "default-tls-secret" $values.defaultTlsSecret
  "ssl-redirect" (ternary "true" "" $values.sslRedirect)
  "host-ownership" (ternary "" $values.hostOwnership (eq $values.hostOwnership "none"))
  "allow-external-name" (ternary "true" "" $values.allowExternalName)
  "trusted-proxies" (join "," $values.trustedProxies)
  "allowed-issuers" (join "," $values.allowedIssuers)
  "allow-insecure-issuers" (ternary "true" "" $values.allowInsecureIssuers)
  "allow-provider-cidrs" (join "," $values.allowProviderCidrs)
  "workers" (ternary "" (toString $values.workers) (kindIs "invalid" $values.workers))
  "access-log" (get (dict "all" "" "errors" "errors" "off" "off" "false" "off") (toString $values.accessLog))
  "access-log-sample" (ternary "" (toString $values.accessLogSample) (eq (int $values.accessLogSample) 1))
  "log-level" (ternary "" $values.logLevel (eq $values.logLevel "info"))
  "admin-token-audience" $values.adminToken.audience
  "admin-token-file" (ternary "/etc/oidc-ingress/admin/token" "" (ne $values.adminToken.existingSecret ""))
-}}
{{- range $name, $text := $values.extraArgs -}}
{{- if hasKey $flags $name -}}
{{- fail (printf "extraArgs.%s: this flag has a value of its own in the chart" $name) -}}
{{- end -}}
{{- $_ := set $flags $name (toString $text) -}}
{{- end -}}
{{- $lines := list -}}
{{- range $name, $text := $flags -}}
{{- if ne $text "" -}}
{{- $lines = append $lines (printf "- --%s=%s" $name $text) -}}
{{- end -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end }}
