#!/usr/bin/env bash
# scripts/image.sh [COMMIT]: of the working tree, or of a commit.
# Checks the Dockerfile without a Docker engine. Its own RUN and COPY lines are carried out in an empty
# folder; what comes out is run as the image would be: read-only, as user 1000, as process 1, with the
# whole demo inside. Says what the image weighs. Needs root or sudo; without namespaces not as process 1.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=${1:-}

work=$(mktemp -d "${TMPDIR:-/tmp}/tidemark-image-XXXXXX")
build=$work/build image=$work/image data=$work/data home=$work/home
pid=
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
end() {
  [ -z "$pid" ] || as_root kill -KILL "$pid" 2>/dev/null || true
  as_root rm -rf "$work"
}
trap end EXIT
say() { printf 'image: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
mkdir -p "$build" "$image" "$data" "$home"
chmod 755 "$work"

# The Dockerfile with each instruction on one line; its first or its second step.
step() {
  sed -e '/^ *#/d' Dockerfile | sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ba' -e '}' |
    awk -v want="$1" '$1 == "FROM" { at++; next } at == want && NF { print }'
}

# The build's context, as Docker takes it: the tree without what .dockerignore names.
files() {
  if [ -n "$commit" ]; then git ls-tree -r -z --name-only "$commit"; else working_files; fi
}

working_files() {
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done
}

context() {
  local from=$PWD
  if [ -n "$commit" ]; then
    from=$work/commit
    mkdir "$from"
    git archive "$commit" | tar -C "$from" -xf -
  fi
  # A name stands for itself at the top and all below it; a star is no slash.
  files |
    grep -zvE -f <(sed -e '/^#/d' -e '/^$/d' -e 's/[.]/\\./g' -e 's/[*]/[^\/]*/g' -e 's/.*/^&(\/|$)/' .dockerignore) |
    tar -C "$from" --null --no-recursion --files-from=- -cf - |
    tar -C "$build" -xf -
}

build_step() {
  context
  # The packages are installed before the sources are there: what needs them must not run by then.
  mkdir "$work/later"
  find "$build" -mindepth 1 -maxdepth 1 ! -name 'package*.json' -exec mv -t "$work/later" {} +
  step 1 | while IFS= read -r line; do
    case $line in
      'RUN '*) (cd "$build" && bash -euc "${line#RUN }" </dev/null >"$work/log" 2>&1) ||
        { tail -n 30 "$work/log"; die "failed: $line"; } ;;
      'COPY . .') mv -t "$build" "$work/later"/* "$work/later"/.[!.]* 2>/dev/null || true ;;
      'COPY package.json package-lock.json ./' | 'WORKDIR /app') ;;
      *) die "a line that this script does not know: $line" ;;
    esac
  done
}

copy_step() {
  step 2 | while read -r word from rest; do
    [ "$word" = COPY ] || continue
    [ "$from" = --from=build ] || die "not copied from the build: $from $rest"
    # shellcheck disable=SC2086
    set -- $rest
    local target=${!#}
    if [ "$target" = ./ ]; then
      for source in "${@:1:$#-1}"; do cp -a "$build/${source#/app/}" "$image/"; done
    else
      mkdir -p "$image/$(dirname "$target")" && cp -a "$build/${1#/app/}" "$image/$target"
    fi
  done
}

# As the image runs: as a number, with no right, its own tree and nothing to write to but /data.
as_user() {
  exec setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env -i PATH="$PATH" HOME="$home" NODE_ENV=production HOST=0.0.0.0 PORT="$PORT" INFLUX_PORT=0 \
    DATA_DIR="$data/tidemark" BACKFILL=off \
    API_KEYS=reader:read:0123456789abcdef,admin:admin:0123456789abcdefg "$@"
}

inside() {
  local apart=() bind=
  if [ "$process" = 1 ]; then
    apart=(unshare --mount --pid --fork --kill-child=KILL --mount-proc)
    # shellcheck disable=SC2016
    bind='mount --bind "$image" "$image" && mount -o remount,bind,ro "$image"'
  fi
  as_root env PORT="$PORT" data="$data" home="$home" image="$image" PATH="$PATH" "${apart[@]}" \
    bash -euc "$(declare -f as_user); $bind"'
      cd "$image"
      as_user "$@"' inside "$@"
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

node_of() { pgrep -P "$1" | head -n 1; }

run_demo() {
  PORT=$(free_port)
  export PORT
  inside "$(command -v node)" dist/main.js demo >"$work/out" 2>&1 &
  pid=$!
  local started=$SECONDS
  until [ -e "$work/out" ] && grep -q '^Tidemark is up' "$work/out"; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/out"; die 'ended before it was up'; }
    [ $((SECONDS - started)) -lt 120 ] || { cat "$work/out"; die 'not up after 120 s'; }
    sleep 0.2
  done
  say "$(grep '^Tidemark is up' "$work/out" | tr -d '\n') Read-only, user 1000, $told."
}

# The HEALTHCHECK line itself, as JSON has it.
check_health() {
  step 2 | sed -n 's/^HEALTHCHECK.* CMD //p' | node -e '
    const [program, ...args] = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const { status } = require("child_process").spawnSync(program, args, { stdio: "inherit" });
    process.exit(status ?? 1);' || die 'the health check fails'
  curl -fsS -H 'Authorization: Bearer 0123456789abcdef' -o "$work/answer" \
    --retry 20 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$PORT/btcusd?duration=-1h" ||
    { cat "$work/out"; die 'no prices'; }
  say "healthy; $(wc -c <"$work/answer") bytes of prices of btcusd"
}

# Process 1 of a namespace gets no signal that it has no handler for: this shows that there is one.
check_stop() {
  local from=$EPOCHREALTIME status=0 inner
  # Below sudo and unshare, or what is left of them.
  inner=$pid
  while [ "$(node_of "$inner")" ]; do inner=$(node_of "$inner"); done
  as_root kill -TERM "$inner"
  wait "$pid" || status=$?
  pid=
  local ms=$(((${EPOCHREALTIME/./} - ${from/./}) / 1000))
  [ "$status" = 0 ] || { tail -n 5 "$work/out"; die "SIGTERM, $told: ended with $status"; }
  [ "$ms" -lt 30000 ] || die "SIGTERM, $told: $ms ms"
  say "SIGTERM, $told: ended with 0 after $ms ms"
}

check_sbom() {
  (cd "$image" && HOME=$home npm sbom --package-lock-only --sbom-format cyclonedx --omit dev >"$work/sbom.json" 2>"$work/log") ||
    { cat "$work/log"; die 'npm sbom failed'; }
  say "SBOM: $(node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).components.length' <"$work/sbom.json") packages"
  ! ls "$image"/node_modules/{typescript,playwright-core,ccxt} 2>/dev/null || die 'a development package is in it'
  [ ! -e "$image/.env" ] && [ ! -e "$image/dist/test" ] || die 'something that must stay out is in it'
}

weigh() {
  say "$(du -sm --apparent-size "$image" | cut -f1) MB above the base image:" \
    "$(cd "$image" && du -sm --apparent-size -- */ | sed 's#/$##' | awk '{ printf "%s %s MB, ", $2, $1 }')of packages:" \
    "$(cd "$image/node_modules" && du -sm --apparent-size ./*/ | sort -rn | head -n 5 | awk '{ sub("^./", "", $2); printf "%s %s, ", $2, $1 }')..."
}

process=1 told='process 1'
if ! as_root unshare --mount --pid --fork --mount-proc true 2>/dev/null; then
  process=any told='not as process 1 (no namespaces here)'
fi

build_step
copy_step
as_root chown -R 0:0 "$image"
as_root chown -R 1000:1000 "$data" "$home"
weigh
run_demo
check_health
check_stop
check_sbom
say "built and run in $SECONDS s"
