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
fi

if [ "${1:-}" = --where ]; then
  # shellcheck disable=SC1091
  . ./.env
  echo
  echo "  API       http://127.0.0.1:${PORT:-8001}"
  echo "  InfluxDB  http://127.0.0.1:${INFLUX_PORT:-8086}   user tidemark, password in .env"
  echo
  echo "Try:  curl -H \"Authorization: Bearer \$(grep ^READ_KEY= .env | cut -d= -f2)\" \\"
  echo "        'http://127.0.0.1:${PORT:-8001}/btcusd?duration=-1h'"
fi
