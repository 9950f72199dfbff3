# make demo, make test: nothing else is needed on a fresh machine with Python 3.11 or newer.
# PYTHON=python3.12 make … chooses the interpreter; .ci/venv.sh sets .venv up and keeps it current.

python := .venv/bin/python
typed := ohf_iac cli/ohf_cli bench examples tests

.PHONY: help venv demo test test-all fuzz lint hardware bundle bench clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile

venv: ## set .venv up, or find it whole
	@.ci/venv.sh

demo: venv ## the whole life of requests against a local AWS
	@$(python) examples/demo.py

test: venv ## the tests
	$(python) -m pytest -n auto --dist worksteal

test-all: venv ## the tests with the whole sweeps
	$(python) -m pytest -n auto --dist worksteal -m "sweep or not sweep"

fuzz: venv ## inputs and configuration that nobody would write, for FUZZ_SECONDS (60)
	@$(python) -c 'import atheris' 2>/dev/null || $(python) -m pip install --quiet --editable '.[fuzz]' || \
		echo 'atheris cannot be installed here: hypothesis makes the files'
	@$(python) -m tests.fuzz --seconds $${FUZZ_SECONDS:-60}

lint: venv ## ruff and mypy
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy $(typed)

hardware: venv ## the table of instance types anew, from the moto that is installed
	$(python) -m ohf_iac.local.hardware_table >ohf_iac/template/hardware.new
	mv ohf_iac/template/hardware.new ohf_iac/template/hardware.txt

bundle: venv ## one tarball that installs without a package index; EXTRAS=local with the local AWS
	@EXTRAS="$(EXTRAS)" $(python) .ci/bundle.py

bench: venv ## the benchmarks; prints ratios
	@$(python) -m bench.run

clean: ## remove .venv and everything else that can be made again
	rm -rf .venv cli/hostfactory/interpreter .demo .fuzz build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
