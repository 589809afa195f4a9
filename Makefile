PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHON VENV DATA YES KEEP AIRFLOW_PORT MLFLOW_PORT EVIDENTLY_PORT
export FILES ROUNDS ENGINES CANDIDATE SHORT MILLION PICTURE OUT

.PHONY: help install demo test bench check format clean

help:  ## Show the targets.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## Make the virtual environment with the pinned packages.
	@scripts/install

demo: install  ## Run the whole loop: DATA=file.csv, YES=1 answers the human's question, KEEP=0 ends after the summary.
	@$(BIN)/python -m demo

test: install  ## Run all tests.
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

bench: install  ## Measure against the peers: FILES=100000, ROUNDS=5, MILLION=1, PICTURE=file.png; see benchmarks/README.md.
	@$(BIN)/python -m benchmarks

check: install  ## Format, lint, types, import contracts, tests, docs: the definition of done.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=plugins $(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

format: install  ## Put all code into the one format.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what the demo made; the packages stay.
	rm -rf .nightlabel
