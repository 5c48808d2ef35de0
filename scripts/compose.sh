#!/usr/bin/env bash
# Checks docker-compose.yml with Compose itself, all profiles on and several of what can be several.
# Needs no engine. Without the plugin, Compose is built from the Go module proxy into .cache/tools
# (some minutes the first time).
set -euo pipefail
cd "$(dirname "$0")/.."

COMPOSE=v2.40.3
tools=$PWD/.cache/tools
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
say() { printf 'compose: %s\n' "$*"; }

compose() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@"; else "$tools/bin/docker-compose" "$@"; fi
}

# `go install` refuses a module whose go.mod excludes others, so a module of our own asks for it.
build() {
  command -v go >/dev/null || { say 'neither docker compose nor Go is here' >&2; exit 3; }
  say "building docker/compose $COMPOSE ..."
  mkdir -p "$tools/compose" "$tools/bin"
  printf 'module tools\n\ngo 1.24\n\nrequire github.com/docker/compose/v2 %s\n' "$COMPOSE" \
    >"$tools/compose/go.mod"
  (cd "$tools/compose" &&
    GOFLAGS='-mod=mod -buildvcs=false' go build -o "$tools/bin/docker-compose" github.com/docker/compose/v2/cmd)
}

docker compose version >/dev/null 2>&1 || [ -x "$tools/bin/docker-compose" ] || build
cp -r docker-compose.yml .env.example scripts "$dir/"
[ ! -d deploy ] || cp -r deploy "$dir/"
cd "$dir"
if compose config -q 2>/dev/null; then
  say 'took a deployment without secrets' >&2
  exit 1
fi
bash scripts/env.sh >/dev/null
compose config -q
compose --profile '*' config -q
PORT=8001-8004 compose config -q
say "sound: $(compose --profile '*' config --services | sort | paste -sd ' ')"
