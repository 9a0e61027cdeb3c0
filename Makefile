# Darkroom. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
STAGE ?= dev
VENV := .venv
AWS_VENV := .venv-aws
PY := $(VENV)/bin/python
SAM := $(AWS_VENV)/bin/sam

# uv brings certificates of its own, which do not know a company's proxy; this machine's do, where it has any.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),)
export UV_SYSTEM_CERTS ?= 1
endif

.PHONY: help
help: ## What each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environments -----------------------------------------------------------------------------------------------------
# Two, because SAM brings awscrt and pins what the application does not (docs/decisions.md).
$(VENV)/.ready: pyproject.toml constraints.txt constraints-aws.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints-aws.txt uv
	$(VENV)/bin/uv pip install --quiet --python $(PY) -c constraints.txt --group dev -e '.[ai,imaging,index,insightface,pages,vision,yunet]'
	@touch $@

$(AWS_VENV)/.ready: pyproject.toml constraints-aws.txt $(VENV)/.ready
	$(VENV)/bin/uv venv --quiet --allow-existing --python $(PY) $(AWS_VENV)
	$(VENV)/bin/uv pip install --quiet --python $(AWS_VENV)/bin/python -c constraints-aws.txt --group aws
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready $(AWS_VENV)/.ready ## Make .venv (application and tests) and .venv-aws (SAM, embedded AWS, linters)

.PHONY: lock
lock: $(VENV)/.ready ## Resolve the two locks anew
	$(VENV)/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --no-header --no-annotate --upgrade -q -o constraints.txt
	$(VENV)/bin/uv pip compile --group aws --universal --python-version 3.11 --no-header --no-annotate --upgrade -q -o constraints-aws.txt
	$(MAKE) requirements

.PHONY: requirements
requirements: $(VENV)/.ready ## Pin what layers and images install (their requirements.in), with hashes, at the lock's versions
	for folder in $(dir $(wildcard layers/*/requirements.in functions/*/requirements.in functions/*/engines/*/requirements.in)); do \
		$(VENV)/bin/uv pip compile $${folder}requirements.in -c constraints.txt --generate-hashes --python-version 3.13 \
			--python-platform x86_64-manylinux_2_28 --no-header --no-annotate -q -o $${folder}requirements.txt \
			$$(sed -n 's/^# without: //p' $${folder}requirements.in | xargs -r printf -- '--no-emit-package %s\n'); done

# --- this machine -----------------------------------------------------------------------------------------------------
LOCAL := $(PY) -m local

.PHONY: demo
demo: setup ## Deploy to an embedded AWS, tour it on real pictures, write out/demo/index.html, stop
	$(LOCAL) demo

.PHONY: dev
dev: setup ## Run the stack here, with reload of handlers and shared code; Ctrl-C stops it
	$(LOCAL) dev

.PHONY: up
up: setup ## The same in the background; writes .darkroom/stack.json (DARKROOM_PORT=4566)
	$(LOCAL) up

.PHONY: down
down: setup ## Stop what `make up` started
	$(LOCAL) down

.PHONY: doctor
doctor: ## What this machine lacks, and the command that mends it
	@$(PYTHON) -m local doctor

# --- checks -----------------------------------------------------------------------------------------------------------
.PHONY: format
format: setup ## Format and mend what can be mended
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

.PHONY: contracts
contracts: setup ## Write what is generated from the models and the route table: validators and OpenAPI
	$(PY) -m darkroom.contracts.compile
	$(PY) -m darkroom.contracts.openapi

.PHONY: lint
lint: setup ## Format, lint, types, import directions
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

.PHONY: test
test: setup ## The whole suite, or some parts of it: PARTS="lint unit ..."
	$(LOCAL) test $(PARTS)

.PHONY: test-sam
test-sam: setup ## Every event and the API in Lambda's containers: any Docker engine, LAMBDA_BASE_IMAGE, SAM_FLAGS
	$(PY) -m pytest tests -q -m docker --durations=5

.PHONY: start-api
start-api: setup ## The API in Lambda's containers on port 3000, by `sam local start-api`; Ctrl-C stops it
	$(LOCAL) start-api

BENCHMARKS := artifacts cold_start warm_handlers throughput detection faces fetcher extraction animation \
	providers optimise analysis face_search

.PHONY: bench
bench: setup ## Ratios against a peer of the same run, all of them or NAMES="cold_start ..." (docs/benchmarks.md)
	@failed=0; for name in $(or $(NAMES),$(BENCHMARKS)); do \
	  echo "== $$name"; $(PY) -m benchmarks.$$name || failed=1; done; exit $$failed

.PHONY: sheets
sheets: setup ## Draw the contact sheets of doodles, 40 descriptions by 4 styles and 20 films: out/sheets
	$(PY) -m benchmarks.contact_sheet

# --- the stack --------------------------------------------------------------------------------------------------------
# SAM looks for uv on the PATH: the one of its own environment. The container functions need a Docker engine; without
# one (or with CONTAINERS=no) everything else is built.
CONTAINERS ?= $(shell docker info >/dev/null 2>&1 && echo yes || echo no)
IN_CONTAINERS := Detect FaceEmbed Index Search
BUILD := .aws-sam/build

.PHONY: build
build: setup ## Build what is deployed, for Lambda's Python, on any machine
	@[[ $(CONTAINERS) == yes ]] || echo "No Docker engine (or CONTAINERS=no): the container functions are left out"
	PATH="$(CURDIR)/$(AWS_VENV)/bin:$$PATH" $(SAM) build \
		$(if $(filter yes,$(CONTAINERS)),,$(foreach name,$(IN_CONTAINERS),--exclude $(name)Function)) \
		$(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))
	PATH="$(CURDIR)/$(AWS_VENV)/bin:$$PATH" $(PY) layers/pack.py compile $(BUILD)

.PHONY: models
models: setup ## Fetch pinned weights: NAMES="yolox_s ..." or PACK=antelopev2 ACCEPT_LICENCE=non-commercial, TO=a folder
	$(VENV)/bin/darkroom models fetch $(NAMES) $(PACK) $(if $(TO),--to $(TO)) \
		$(if $(ACCEPT_LICENCE),--accept-licence $(ACCEPT_LICENCE))

.PHONY: sizes
sizes: setup ## What the layers and functions of the build take, with bytecode
	$(PY) -m benchmarks.artifacts

# checkov pins a boto3 that nothing else here can live with, so it has an environment of its own.
CHECKOV := checkov==3.3.30

.PHONY: validate
validate: setup ## SAM's, cfn-lint's, the serverless rules' and checkov's opinion of the template
	$(SAM) validate --lint
	$(AWS_VENV)/bin/cfn-lint
	$(AWS_VENV)/bin/uv tool run --quiet --from $(CHECKOV) checkov --config-file .checkov.yaml

.PHONY: engine
engine:
	@[[ $(CONTAINERS) == yes ]] || { echo "No Docker engine answers, and a deployment needs the container functions." \
		"Start Docker (or any engine that answers \`docker info\`), then deploy again." >&2; exit 1; }

.PHONY: deploy
deploy: stage engine build ## Put the build on AWS: STAGE=dev|staging|prod, PARAMETERS="Name=Value ..."
	$(LOCAL) deploy --stage $(STAGE) --parameters '$(PARAMETERS)'

.PHONY: stage
stage:
	@[[ " dev staging prod " == *" $(STAGE) "* ]] || { echo "STAGE is dev, staging or prod, not '$(STAGE)'"; exit 2; }

.PHONY: destroy
destroy: setup ## End STAGE's stack with all its data, after its name was typed
	$(LOCAL) destroy --stage $(STAGE)

.PHONY: secrets
secrets: setup ## Store keys of AI providers in SSM, from the environment or a silent prompt
	$(LOCAL) secrets --stage $(STAGE) $(if $(PREFIX),--prefix $(PREFIX))

.PHONY: clean
clean: ## Remove what was built, run and written here, environments included
	@if [[ -x $(PY) ]]; then $(LOCAL) down; fi
	rm -rf $(VENV) $(AWS_VENV) .aws-sam .darkroom out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
