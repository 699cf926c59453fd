{{/* What the process may do, in parts that the scopes of rights put together. */}}

{{/* Objects that belong to no namespace. */}}
{{- define "oidc-ingress.rules.cluster" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
# Their labels, for policies whose allowedNamespaces selects by label.
- apiGroups: ['']
  resources: [namespaces]
  verbs: [list, watch]
{{- if .Values.adminToken.audience }}
# Whose token a call to purge tokens came with, and whether they may.
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}

{{/* Their addresses are published where there is no Service to take them from. */}}
{{- define "oidc-ingress.rules.nodes" -}}
- apiGroups: ['']
  resources: [nodes]
  verbs: [get]
{{- end }}

{{- define "oidc-ingress.rules.objects" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: ['']
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [oidc-ingress.io]
  resources: [oidcpolicies]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [oidc-ingress.io]
  resources: [oidcpolicies/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{- define "oidc-ingress.rules.secrets" -}}
# Only Secrets of type kubernetes.io/tls are read, and the Secrets and ConfigMaps that a policy names under
# provider.ca, each by its name; RBAC cannot say so.
- apiGroups: ['']
  resources: [secrets, configmaps]
  verbs: [list, watch]
{{- end }}

{{/* In the namespace of the release: what the process finds out about its own pods, and by which it leads. */}}
{{- define "oidc-ingress.rules.own" -}}
# Whether another pod serves on when this one ends.
- apiGroups: ['']
  resources: [pods]
  verbs: [get, list]
{{- if .Values.leaderElection.enabled }}
# The chart makes the Lease: the process need not, and leaves none behind.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "oidc-ingress.fullname" . }}]
  verbs: [get, update]
{{- end }}
{{- end }}

{{/* Single objects that are read by name wherever they are, as {namespace: {secrets, configMaps, services}} in YAML. */}}
{{- define "oidc-ingress.named" -}}
{{- $named := dict -}}
{{- $wanted := list -}}
{{- if eq .Values.rbac.scope "named" -}}
{{- range $namespace, $names := .Values.rbac.secrets }}{{ range $names }}{{ $wanted = append $wanted (list $namespace "secrets" .) }}{{ end }}{{ end -}}
{{- range $namespace, $names := .Values.rbac.configMaps }}{{ range $names }}{{ $wanted = append $wanted (list $namespace "configmaps" .) }}{{ end }}{{ end -}}
{{- end -}}
{{- with .Values.defaultTlsSecret -}}
{{- $wanted = append $wanted (list (dir .) "secrets" (base .)) -}}
{{- end -}}
{{- with include "oidc-ingress.publishedService" . -}}
{{- $wanted = append $wanted (list (dir .) "services" (base .)) -}}
{{- end -}}
{{- range $wanted -}}
{{- $namespace := index . 0 -}}
{{- $resource := index . 1 -}}
{{- $ofNamespace := default dict (get $named $namespace) -}}
{{- $names := default list (get $ofNamespace $resource) -}}
{{- $_ := set $ofNamespace $resource (append $names (index . 2) | uniq) -}}
{{- $_ := set $named $namespace $ofNamespace -}}
{{- end -}}
{{- toYaml $named -}}
{{- end }}

{{/* Given {secrets, configmaps, services}: exactly these objects. */}}
{{- define "oidc-ingress.rules.named" -}}
{{- range $resource, $names := . -}}
- apiGroups: ['']
  resources: [{{ $resource }}]
  resourceNames:
    {{- toYaml $names | nindent 4 }}
  verbs: [list, watch]
{{ end -}}
{{- end }}

{{/* Given {root, kind, name, namespace, rules}: a role and its binding to the ServiceAccount. */}}
{{- define "oidc-ingress.role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "oidc-ingress.labels" .root | nindent 4 }}
rules:
  {{- .rules | trim | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "oidc-ingress.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "oidc-ingress.serviceAccountName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
