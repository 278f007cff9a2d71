# make install | demo | test | bench | check | docs
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FRONT := $(VENV)/.front
PACKAGES := schemas controller cli web

.PHONY: install demo test bench check docs clean

install: $(STAMP) $(FRONT)
	@$(BIN)/python -m compileall -q $(PACKAGES)

$(STAMP): .ci/constraints.txt pyproject.toml cli/bin/gt cli/bin/gt-risk
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gt-risk needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: -r .ci/constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip uninstall --quiet --yes setuptools
	touch $@

# What the browser loads: by npm, brought along where there is none. The dashboard works without, only plainer.
$(FRONT): $(STAMP) .ci/node.txt web/front/build.py web/front/package-lock.json
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: -r .ci/node.txt || true
	@if $(BIN)/python -m web.front.build; then touch $@; else echo "make install again once the network is back; until then: no live panels, no zoom" >&2; fi

test: install
	$(BIN)/python -m pytest -n auto --dist loadfile

# Ctrl-C ends everything that it started; a second one goes on with the same book.
demo: export GT_RISK_HOME ?= $(CURDIR)/.demo
demo: export GT_RISK_DASHBOARD__LISTEN ?= 127.0.0.1:8080
demo: install
	@$(BIN)/gt-risk init > /dev/null
	@exec $(BIN)/gt-risk service start --foreground --demo

# Every figure against its goal, about forty minutes on a machine with nothing else to do; BENCH=--quick: two.
bench: install
	@$(BIN)/python -m tests.bench $(BENCH)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m controller.adapters.store.document --check
	$(BIN)/python -m controller.alerts.document --check
	$(BIN)/python -m cli.reference --check
	$(BIN)/python -m tests.spec.coverage --check
	$(BIN)/python -m web.api.document --check
	$(BIN)/python -m tests.mutants.run

docs: install
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m controller.adapters.store.document
	$(BIN)/python -m controller.alerts.document
	$(BIN)/python -m cli.reference
	$(BIN)/python -m tests.spec.coverage
	$(BIN)/python -m web.api.document

clean:
	rm -rf $(VENV)
