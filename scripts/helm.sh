#!/usr/bin/env bash
# Checks the Helm chart: lint, templates with every set of values in deploy/helm/values, and each
# manifest against the schemas of Kubernetes itself. Needs Go: helm, kubeconform and the schemas come
# from the Go module proxy and are kept in .cache/tools (some minutes the first time, seconds then).
set -euo pipefail
cd "$(dirname "$0")/.."

HELM=helm.sh/helm/v3/cmd/helm@v3.19.0
KUBECONFORM=github.com/yannh/kubeconform/cmd/kubeconform@v0.6.7
# The module whose api/openapi-spec the schemas are made of.
KUBERNETES=1.34.1
# The oldest that the chart names, and the newest of the schemas.
VERSIONS="1.27.0 $KUBERNETES"

tools=$PWD/.cache/tools
schemas=$tools/kubernetes-$KUBERNETES
chart=deploy/helm/tidemark
# Where the compiled scripts are.
build=${BUILD:-dist}
say() { printf 'helm: %s\n' "$*"; }
mkdir -p "$tools/bin"

install_tool() {
  local name=$1 module=$2
  [ -x "$tools/bin/$name" ] && [ "$(cat "$tools/bin/$name.from" 2>/dev/null)" = "$module" ] && return
  command -v go >/dev/null || { say "Go is needed to build $name" >&2; exit 3; }
  say "building $module ..."
  (cd "$tools" && GOBIN=$tools/bin GOFLAGS=-buildvcs=false go install "$module")
  echo "$module" >"$tools/bin/$name.from"
}

# One schema a kind, closed: a field that Kubernetes does not know is a mistake.
make_schemas() {
  [ -e "$schemas/.made" ] && return
  say "making the schemas of Kubernetes $KUBERNETES ..."
  local module
  mkdir -p "$tools/empty" "$schemas"
  module=$(cd "$tools/empty" && { [ -e go.mod ] || go mod init empty 2>/dev/null; } &&
    go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  node "$build/scripts/kubernetes-schemas.js" "$module/api/openapi-spec/swagger.json" "$schemas"
  touch "$schemas/.made"
}

check_values() {
  local name=$1 file=$2 version out
  for version in $VERSIONS; do
    out=$tools/$name-$version.yaml
    "$tools/bin/helm" template tidemark "$chart" --namespace prices --kube-version "$version" \
      --api-versions monitoring.coreos.com/v1 --values "$file" >"$out"
    # ServiceMonitor is of the Prometheus Operator, not of Kubernetes.
    "$tools/bin/kubeconform" -strict -summary -skip ServiceMonitor \
      -schema-location "$schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" \
      "$out" | sed "s/^/helm: $name, $version: /"
  done
}

# What must not pass: each line is a mistake that the chart has to name.
refuse() {
  local said
  if said=$("$tools/bin/helm" template tidemark "$chart" --kube-version "$KUBERNETES" \
    --values deploy/helm/values/default.yaml "$@" 2>&1); then
    say "took a mistake: $*" >&2
    exit 1
  fi
  say "refused $*: $(tail -n 1 <<<"$said" | cut -c 1-90)"
}

install_tool helm "$HELM"
install_tool kubeconform "$KUBECONFORM"
make_schemas
for file in deploy/helm/values/*.yaml; do
  name=$(basename "$file" .yaml)
  "$tools/bin/helm" lint "$chart" --strict --quiet --kube-version "$KUBERNETES" --values "$file"
  check_values "$name" "$file"
done
refuse --set influx.url=
refuse --set secrets.databaseUrl=
refuse --set settings.PRICE_INTERVALL=1m
refuse --set scans.replica=2
refuse --set api.replicas=many
refuse --set influx.url=influxdb:8086
say "done in $SECONDS s"
