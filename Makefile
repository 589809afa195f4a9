PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHON VENV DATA YES KEEP AIRFLOW_PORT MLFLOW_PORT EVIDENTLY_PORT
# More processes than cores: many tests wait for pods, services and browsers
TESTS = $(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder
ENGINE ?= docker
TARGET ?= label
COMMIT = $(shell git describe --always --abbrev=40 --dirty --exclude='*')
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
export FILES ROUNDS ENGINES CANDIDATE SHORT MILLION PICTURE OUT
ATHERIS = 3.0.0
AS_DATADOG = $(if $(filter datadog,$(PROFILES)),STATSD_HOST=datadog AIRFLOW_STATSD=True)
AS_PODS = $(if $(filter pods,$(PROFILES)),STEPS_IN=kubernetes POD_CONNECTION=cluster POD_SECRET=nightlabel-steps)
COMPOSE = COMMIT=$(COMMIT) VERSION=$(VERSION) $(AS_DATADOG) $(AS_PODS) docker compose \
  --file docker-compose.airflow.yaml $(PROFILES:%=--profile %)
export BIND STORE_PORT

.PHONY: gates sbom licences help install demo test slow soak bench image check format clean fuzz up down logs

help:  ## Show the targets.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## Make the virtual environment with the pinned packages.
	@scripts/install

demo: install  ## Run the whole loop: DATA=file.csv, YES=1 answers the human's question, KEEP=0 ends after the summary.
	@$(BIN)/python -m demo

test: install  ## Run all tests.
	@$(TESTS)

slow: install  ## Run the tests that take many minutes: the training image is built and an experiment run in it.
	@$(BIN)/python -m pytest -q -m slow

soak: install  ## Kill nights at random moments, and account for each: ROUNDS=1000, SEED=n repeats a round.
	@$(BIN)/python -m tests.soak $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED))

bench: install  ## Measure against the peers: FILES=100000, ROUNDS=5, MILLION=1, PICTURE=file.png; see benchmarks/README.md.
	@$(BIN)/python -m benchmarks

image:  ## Build the pods' image: BASE=python:3.11-slim-bookworm@sha256:..., ENGINE=docker|podman, TARGET=label|train|airflow.
	@test -n "$(BASE)" || { echo "nightlabel: name the base by its digest: make image BASE=python:3.11-slim-bookworm@sha256:..." >&2; exit 1; }
	$(ENGINE) build --file inference_image/Dockerfile --target $(TARGET) --tag nightlabel-$(TARGET):$(COMMIT) \
	  --build-arg BASE=$(BASE) --build-arg COMMIT=$(COMMIT) --build-arg VERSION=$(VERSION) $(BUILD_ARGS) .

gates: install  ## Look for secrets, dangerous code, open doors and licences, in the tree and the history: ONLY=secrets.
	@scripts/gates
	@$(BIN)/python -m gates $(ONLY)

sbom: install  ## Write the bill of materials of each image, as CycloneDX: OUT=folder, STATUS=the label image's dpkg status.
	@scripts/gates
	@$(BIN)/python -m gates.sbom label $(or $(OUT),.nightlabel/sbom)/label.cdx.json $(STATUS)
	@$(BIN)/python -m gates.sbom train $(or $(OUT),.nightlabel/sbom)/train.cdx.json
	@$(BIN)/python -m gates.sbom airflow $(or $(OUT),.nightlabel/sbom)/airflow.cdx.json

licences: install  ## Write docs/licences.md from the installed packages.
	@scripts/gates
	@$(BIN)/python -m gates.licences

check: install  ## Format, lint, types, import contracts, tests, docs: the definition of done.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=plugins $(BIN)/lint-imports
	$(TESTS)

format: install  ## Put all code into the one format.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

up:  ## Start the whole system in containers, or bring it up to this checkout: PROFILES=datadog; see docs/compose.md.
	@$(PYTHON) -m compose.keys
	@$(COMPOSE) up --detach --wait --wait-timeout 1800
	@$(PYTHON) -m compose.keys $(or $(BIND),127.0.0.1) $(or $(AIRFLOW_PORT),8080) $(or $(MLFLOW_PORT),5000) $(or $(EVIDENTLY_PORT),8000) $(or $(STORE_PORT),8333)

down:  ## Stop the system in containers; its data stay in its volumes.
	@$(COMPOSE) --profile '*' down

logs:  ## Follow the logs of the system in containers: SERVICE=mlflow.
	@$(COMPOSE) --profile '*' logs --follow --tail 100 $(SERVICE)

clean:  ## Remove what the demo made; the packages stay, and the keys of the system in containers.
	rm -rf $(filter-out .nightlabel/compose,$(wildcard .nightlabel/* .nightlabel/.[!.]*))

fuzz: TARGET = card_spending
fuzz: install  ## Feed a reader with bytes that coverage leads to: TARGET=card_spending|tiny, SECONDS=60; findings go to tests/fuzz/found.
	@test -d .nightlabel/fuzz/packages/atheris || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --target .nightlabel/fuzz/packages atheris==$(ATHERIS) || { \
	  echo "nightlabel: atheris $(ATHERIS) cannot be installed here, so nothing was fuzzed; 'make test' has the same laws" >&2; exit 1; }
	@PYTHONPATH=.nightlabel/fuzz/packages $(BIN)/python -m tests.fuzz $(TARGET) $(if $(SECONDS),$(SECONDS),60)
