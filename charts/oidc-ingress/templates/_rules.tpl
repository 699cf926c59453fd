{{/* What the process may do, in parts that the scopes of rights put together. */}}

{{/* Objects that belong to no namespace. */}}
{{- define "oidc-ingress.rules.cluster" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [get, list, watch]
# Their labels, for policies whose allowedNamespaces selects by label.
- apiGroups: ['']
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}

{{- define "oidc-ingress.rules.objects" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: ['']
  resources: [services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [oidc-ingress.io]
  resources: [oidcpolicies]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [update, patch]
- apiGroups: [oidc-ingress.io]
  resources: [oidcpolicies/status]
  verbs: [update, patch]
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

{{/* The chart makes the Lease: the process need not, and leaves none behind. */}}
{{- define "oidc-ingress.rules.lease" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "oidc-ingress.fullname" . }}]
  verbs: [get, update]
{{- end }}

{{/* Given {secrets, configMaps}: exactly these objects. */}}
{{- define "oidc-ingress.rules.named" -}}
{{- with .secrets -}}
- apiGroups: ['']
  resources: [secrets]
  resourceNames:
    {{- toYaml . | nindent 4 }}
  verbs: [list, watch]
{{ end -}}
{{- with .configMaps -}}
- apiGroups: ['']
  resources: [configmaps]
  resourceNames:
    {{- toYaml . | nindent 4 }}
  verbs: [list, watch]
{{- end }}
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
