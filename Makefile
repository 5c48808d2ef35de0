# Tidemark. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
NPM := npm --no-fund --no-audit --loglevel=error
COMPOSE := docker compose
# A Docker engine that answers decides how `make start` runs; DOCKER=0 keeps it out.
DOCKER ?= $(shell docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1 && echo 1 || echo 0)
SOURCES := $(shell find main.ts app core flux registry ingest tasks api embedded demo client web scripts test bench -name '*.ts' 2>/dev/null)
PAGES := $(shell find web -name '*.css' -o -name '*.html' -o -name '*.svg' 2>/dev/null)
SQL := $(shell find registry/migrations -name '*.sql' 2>/dev/null)

help: ## list the commands
	@echo "Tidemark: every market's price, the pages you depend on and the news, as time series you own."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

start: ## install, build and start everything (Docker Compose when an engine answers, else one process)
ifeq ($(DOCKER),1)
	@echo "A Docker engine answers: starting InfluxDB, PostgreSQL and Tidemark by Compose (DOCKER=0 for one process)."
	@scripts/env.sh
	$(COMPOSE) up --build --detach --wait
	@scripts/env.sh --where
else
	@echo "No Docker engine answers (or DOCKER=0): starting everything in one process, with the embedded engine."
	@$(MAKE) --no-print-directory dist/.built
	@exec node dist/main.js start
endif

demo: dist/.built ## the whole of it without a network, against a small market on loopback
	@exec node dist/main.js demo

build: ## compile (and build the images when a Docker engine answers)
	@$(MAKE) --no-print-directory dist/.built
ifeq ($(DOCKER),1)
	@scripts/env.sh
	$(COMPOSE) build
endif

stop: ## stop what Compose started
ifeq ($(DOCKER),1)
	$(COMPOSE) down
else
	@echo "No Docker engine answers: a process started by 'make start' is stopped by Ctrl-C."
endif

logs: ## follow the logs of what Compose started
ifeq ($(DOCKER),1)
	$(COMPOSE) logs --follow --tail=100
else
	@echo "No Docker engine answers: a process started by 'make start' logs to its own terminal."
endif

test: dist/.built ## run every test (T=name to choose files)
	@node dist/scripts/test.js $(T)

check: dist/.built ## types, lint, format, tidy rules, generated documents
	@npx --no-install biome ci --colors=off --error-on-warnings . && node dist/scripts/docs.js --check && node dist/scripts/test.js test/tidy.test

format: node_modules/.installed ## format and fix what a machine can fix
	@npx --no-install biome check --colors=off --write .

docs: dist/.built ## write the generated documents
	@node dist/scripts/docs.js

client: dist/.built ## pack the typed client of the API into .cache/client
	@node dist/scripts/pack-client.js

schemathesis: dist/.built ## ask the API for everything that its document allows and forbids (EXAMPLES=25 an operation)
	@scripts/schemathesis.sh

bench: dist/.built ## measure (B=write|query|rank|rollup|api|encode|writer|cycle|steady|outage|start|scans|scan-peers|pages|rules|rule-change|events|deliveries|alerts|alerts-load|alerts-latency|dashboard); results go to bench/RESULTS.md by hand
	@node --expose-gc dist/bench/$(or $(B),write).js

influxd: ## build the real InfluxDB 2.7.12, for the tests that compare with it (needs Go and cargo)
	@bash test/influxd/build.sh

image: ## carry out the Dockerfile's steps without an engine, and run the demo from what comes out (needs root)
	@bash scripts/image.sh

helm: dist/.built ## lint the Helm chart and check what it makes by Kubernetes' own schemas (needs Go)
	@bash scripts/helm.sh

compose: ## check docker-compose.yml with Compose itself (needs the plugin, or Go)
	@bash scripts/compose.sh

clean: ## remove what was built (data stays)
	rm -rf dist .cache/build-*

node_modules/.installed: package.json package-lock.json
	@command -v node >/dev/null || { echo "Node.js >= 20.18 is needed: https://nodejs.org"; exit 1; }
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number); if (a<20||(a===20&&b<18)) { console.error(`Node.js >= 20.18 is needed, this is $${process.version}`); process.exit(1); }'
	@echo "Installing packages (1 of 2)..."
	@$(NPM) ci
	@touch $@

dist/.built: node_modules/.installed tsconfig.json web/tsconfig.json $(SOURCES) $(PAGES) $(SQL)
	@echo "Building (2 of 2)..."
	@npx --no-install tsc -p .
	@npx --no-install tsc -p web
	@node dist/scripts/bundle-web.js >/dev/null
	@node dist/scripts/prepare-pglite.js
	@touch $@

.PHONY: help start demo build stop logs test check format docs client schemathesis bench influxd clean image helm compose
