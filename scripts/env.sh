#!/usr/bin/env bash
# Compose reads .env. On the first run this makes it from .env.example with secrets of its own;
# with --where it says where everything is.
set -euo pipefail
cd "$(dirname "$0")/.."

secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

if [ ! -f .env ]; then
  umask 077
  while IFS= read -r line; do
    case "$line" in
      *=generate) printf '%s=%s\n' "${line%%=*}" "$(secret)" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <.env.example >.env.new
  mv .env.new .env
  echo "Wrote .env with fresh secrets (readable by you alone)."
else
  # A newer version may want a secret that this file does not have yet.
  sed -n 's/=generate$//p' .env.example | while IFS= read -r name; do
    grep -q "^$name=" .env && continue
    [ -z "$(tail -c 1 .env)" ] || echo >>.env
    printf '%s=%s\n' "$name" "$(secret)" >>.env
    echo "Added $name to .env, a fresh secret."
  done
fi

if [ "${1:-}" = --where ]; then
  # Not sourced: a value may hold what a shell reads as its own.
  value() { sed -n "s/^$1=//p" .env | tail -n 1; }
  PORT=$(value PORT) INFLUX_PORT=$(value INFLUX_PORT)
  PORT=${PORT%%-*}
  echo
  echo "  API       http://127.0.0.1:${PORT:-8001}"
  echo "  InfluxDB  http://127.0.0.1:${INFLUX_PORT:-8086}   user tidemark, password in .env"
  echo
  echo "Try:  curl -H \"Authorization: Bearer \$(grep ^READ_KEY= .env | cut -d= -f2)\" \\"
  echo "        'http://127.0.0.1:${PORT:-8001}/btcusd?duration=-1h'"
fi
