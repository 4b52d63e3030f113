# Every target works on a fresh machine that has Python 3.11 or newer: it makes .venv by itself.
PY = .venv/bin/python
PYTHON ?= python3
# Code is compiled once and kept, whatever the machine says: else each test worker and each server it starts
# compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test demo check bench bench-reading bench-ledger test-long install lock format

run: .venv/.ready        ## serve with a sample county and the WeChat stand-in at /sandbox
	MASHANG_SANDBOX=1 $(PY) -m bot serve

test: .venv/.ready       ## the whole suite, of which a part waits for browsers and servers: three workers for two cores; what a missing browser, PostgreSQL or Node would run is skipped with its reason
	$(PY) -m pytest -n 3 --dist worksteal -m "not long"

demo: .venv/.ready       ## the whole story in the terminal, through the real webhook
	$(PY) -m bot demo

check: .venv/.ready      ## format, lint, types, import contracts
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/.ready      ## throughput beside yardsticks in the same run, as JSON
	$(PY) -m bench

bench-reading: .venv/.ready  ## texts read a second beside jieba and a bare scan, as JSON
	$(PY) -m bench.reading

bench-ledger: .venv/.ready  ## the ledger beside django-hordak, pgbench and a thread per client, as JSON
	$(PY) -m bench.ledger

test-long: .venv/.ready  ## growth, crash and soak runs: 18 minutes; tells which test and example it is at
	$(PY) -m pytest -m long -vv --capture=sys --durations=0

install: .venv/.ready    ## leaves .venv/bin/mashang

format: .venv/.ready
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv/.ready

lock:                    ## resolve requirements.lock anew from requirements.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.lock
