#!/usr/bin/env bash
# Builds the real InfluxDB server, pinned in go.mod, from its published Go module into
# .cache/influxd/influxd. Does nothing when that is there and was built from the same inputs.
# Exit status: 0 built or already there, 1 the build failed, 3 a compiler it needs is absent.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/influxd
log=$cache/build.log
server=github.com/influxdata/influxdb/v2
cd "$here"

# The binary is bound to the system it was built on, so that belongs to its inputs.
inputs() { uname -sm; cksum go.mod go.sum pkg-config rustc-wrapper.sh build.sh; }

absent() {
  echo "influxd: not built, $1; tests that need the real InfluxDB will skip." >&2
  exit 3
}

require_compilers() {
  command -v go >/dev/null || absent 'Go is absent'
  command -v cargo >/dev/null || absent 'cargo (Rust) is absent'
  command -v "$(go env CC)" >/dev/null || absent "the C compiler '$(go env CC)' is absent"
  cargo --version >/dev/null 2>&1 || absent 'cargo has no installed Rust toolchain'
}

# Runs a command, its output in the log alone, and tells how long it took.
step() {
  local title=$1 started=$SECONDS
  shift
  echo "influxd: $title ..."
  echo "== $title" >>"$log"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "influxd: failed: $title (whole log: ${log#"$PWD"/})" >&2
    return 1
  fi
  echo "influxd: $title: $((SECONDS - started)) s"
}

set_environment() {
  # Temporary files stay in our own folder.
  export TMPDIR=$work
  # A caller's own settings for other projects must not leak in.
  export GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off CGO_ENABLED=1
  unset CARGO_TARGET_DIR CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR
  # Flux's sources ask rustup for an old toolchain with six cross-compiling targets; naming the
  # installed one overrides that, so nothing is downloaded.
  if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && command -v rustup >/dev/null; then
    RUSTUP_TOOLCHAIN=$(rustup show active-toolchain | cut -d' ' -f1)
    export RUSTUP_TOOLCHAIN
  fi
  export RUSTUP_AUTO_INSTALL=0 RUSTC_WRAPPER=$here/rustc-wrapper.sh
  # cgo asks the first, which builds the Flux core and asks the second, found on PATH.
  export PKG_CONFIG=$work/pkg-config PATH=$here:$PATH
}

build() {
  local tags=sqlite_foreign_keys,sqlite_json,noassets version
  step 'fetch the Go modules' go list -deps -tags "$tags" "$server/cmd/influxd"
  version=$(go list -m -f '{{.Version}}' "$server")
  step 'build the helper that builds Flux' \
    go build -o "$PKG_CONFIG" github.com/influxdata/pkg-config
  step 'build the Flux core (Rust)' "$PKG_CONFIG" --cflags flux || {
    echo "influxd: after an interrupted build, remove $(go env GOCACHE)/pkgconfig first" >&2
    return 1
  }
  step "build the server $version (Go, the longest step)" \
    go build -tags "$tags" -ldflags "-s -w -X main.version=$version" \
    -o "$work/influxd" "$server/cmd/influxd"
  "$work/influxd" version | grep -F "$version"
}

if [ -x "$cache/influxd" ] && [ "$(cat "$cache/inputs" 2>/dev/null)" = "$(inputs)" ]; then
  echo 'influxd: .cache/influxd/influxd is up to date'
  exit 0
fi
require_compilers
mkdir -p "$cache"
work=$(mktemp -d "$cache/build-XXXXXX")
trap 'rm -rf "$work"' EXIT
: >"$log"
set_environment
build
# Moved in whole: tests that run the old one at this moment keep their file.
inputs >"$work/inputs"
mv -f "$work/influxd" "$cache/influxd"
mv -f "$work/inputs" "$cache/inputs"
echo "influxd: built .cache/influxd/influxd in $SECONDS s"
