# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8300

.PHONY: run test test-thorough mutants fuzz test-long cluster-test test-pythons lint bench aider clickhouse docs pictures clean

run: $(VENV)/ready ## The collector with its dashboard, filled with a demo where it is empty
	@$(BIN)/aboveboard serve --demo --data var --port $(PORT)

# Three workers keep two cores busy: a test often waits, for a socket or for a timeout to pass.
# Bytecode is written, whatever the environment says: hundreds of processes are started, and each
# would compile anew all that it imports.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

test: $(VENV)/ready ## Everything that the product promises
	@$(BIN)/python -m compileall -q -j 0 src
	$(PYTEST) -m "not thorough"

test-thorough: $(VENV)/ready .cache/pyinstaller/ready .cache/hosts/ready .cache/pyright/ready .cache/docs/ready ## What takes longer: more pages, forms and kills; CI runs it too
	@$(BIN)/python -m compileall -q -j 0 src
	$(PYTEST) -m thorough

test-long: $(VENV)/ready ## The proofs at full length: 100,000 histories, 2,000 kills; hours
	ABOVEBOARD_LONG=1 $(BIN)/pytest -o faulthandler_timeout=0 -n 2 --dist loadfile tests/client/proofs tests/collector tests/migration

# Two shards of two replicas with a Keeper, of ClickHouse's own images; they end with the tests.
CLUSTER := docker compose --file tests/clickhouse/compose.yaml --project-name aboveboard-cluster-test
cluster-test: $(VENV)/ready ## The tests of two shards on nodes with replicas; needs Docker
	$(CLUSTER) up --detach --wait
	@status=0; ABOVEBOARD_CLUSTER_PORTS=18123,18124,18125,18126 $(BIN)/pytest \
		-k "shards or test_forms" $(ON_CLUSTERS) || status=$$?; \
	$(CLUSTER) down --volumes; exit $$status

ON_CLUSTERS = tests/insights tests/dashboard/test_forms.py tests/publishing/test_forms.py \
	tests/warehouse/test_connection.py tests/warehouse/test_projections.py

test-pythons: $(VENV)/ready ## The client's tests on every other Python that is on this machine
	$(BIN)/python tools/pythons.py

mutants: $(VENV)/ready ## Which small changes to the code no test notices; hours. `MUTANTS='aboveboard.client.decision.consent.*'` for some
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/mutants.txt
	ABOVEBOARD_MUTANTS=1 $(BIN)/python -m mutmut run $(MUTANTS)
	@$(BIN)/python -m mutmut results

fuzz: $(VENV)/ready ## Each parser under a fuzzer that is led by coverage, two minutes each; `FUZZ_SECONDS=15` for less
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/fuzz.txt
	$(BIN)/python tools/fuzz.py --seconds $(or $(FUZZ_SECONDS),120)

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/aider_catalog.py --check

bench: $(VENV)/ready .cache/aider/ready .cache/posthog/ready ## The numbers of bench/README.md, measured again
	$(BIN)/python bench/run.py

aider: .cache/aider/ready ## The real aider, in an environment of its own, for its tests

clickhouse: $(VENV)/ready ## A ClickHouse that listens, for the tests of a server and a cluster; needs npm
	@$(BIN)/python tools/clickhouse.py

docs: .cache/docs/ready ## The documentation site in build/docs, each link of it followed
	@.cache/docs/bin/python tools/docs.py build/docs

pictures: $(VENV)/ready ## The README's pictures, of the demo in Chromium
	$(BIN)/python tools/pictures.py

# An environment is ready when its stamp is newer than what it is made from.
$(VENV)/ready: requirements/all.txt requirements/build.txt pyproject.toml
	@echo "Setting up $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aboveboard needs Python 3.11 or newer here: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/all.txt -r requirements/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.cache/%/ready: requirements/%.txt $(VENV)/ready
	@$(BIN)/python tools/environment.py $*

clean:
	rm -rf $(VENV) .cache var build
