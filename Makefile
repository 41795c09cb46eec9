# The front door for people. Needs Python 3.11 or newer with venv, and make; everything else is installed here.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
COMMAND := $(VENV)/bin/zetel
JOBS ?= 2
# Where this is set every start compiles everything anew, which makes each command three times as slow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-long test-fast lint bench lock clean

run: $(INSTALLED) $(COMMAND)  ## start Zetel with sample data; PORT and DATA may be given
	@exec $(PY) -m zetel up --demo $(if $(PORT),--port $(PORT)) $(if $(DATA),--data $(DATA))

test: lint  ## everything; says what it had to leave out
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

test-long: $(INSTALLED)  ## everything, and all four hundred lives of subscriptions instead of a tenth
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder --long

test-fast: $(INSTALLED)  ## rules, house and actions
	$(PY) -m pytest -q tests/rules tests/house tests/actions

lint: $(INSTALLED) $(COMMAND)  ## formatting, style, types and floors
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(INSTALLED)  ## one benchmark: make bench BENCH=name
	@test -n "$(BENCH)" || { echo "Say which one: make bench BENCH=name, with a name from benchmarks/"; exit 2; }
	@$(PY) -m benchmarks.$(BENCH)

lock: $(INSTALLED)  ## after a change of dependencies in pyproject.toml
	$(VENV)/bin/uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		--group dev pyproject.toml -o requirements.lock

clean:  ## forget the environment and all caches
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The stamp is as old as the lock it was installed from, so a changed lock installs anew.
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Zetel needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 2; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python cannot make an environment; on Debian: apt-get install python3-venv"; exit 2; }
	@echo "Installing what Zetel needs into $(VENV) (a minute, once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	@touch $(INSTALLED)

# The command of this very folder: nothing is built or copied, so it needs no network and never lags behind the code.
$(COMMAND): | $(INSTALLED)
	@printf '%s\n' '#!$(CURDIR)/$(PY)' 'import sys' 'sys.path.insert(0, "$(CURDIR)")' \
		'from zetel.cli import main' 'main()' > $@ && chmod +x $@
