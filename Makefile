# The commands of a day. `make` on a machine with only Python, pip and make sets up what is missing.

PYTHON ?= python3
HEADLESS ?=
# Most tests wait for others' processes: two at a time take little more than half as long.
side_by_side := -n 2 --dist loadfile
bin := .venv/bin
export PATH := $(CURDIR)/$(bin):$(PATH)

.PHONY: help demo pictures test test-js test-py browser frameworks lint bench build clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

demo: .venv/installed  ## watch a run live in JupyterLab; HEADLESS=1 saves a picture instead
	$(if $(HEADLESS),$(PYTHON) tools/machine.py chromium)
	$(bin)/python tools/demo.py $(if $(HEADLESS),--headless)

pictures: .venv/installed  ## take the pictures in docs/ anew, in light and in dark
	$(PYTHON) tools/machine.py chromium
	$(bin)/python tools/demo.py --pictures
	$(bin)/python tools/pictures.py

test: lint test-js test-py  ## everything that must pass

test-js: .venv/node_modules  ## the front end's unit tests
	cd js && npm test

test-py: .venv/installed  ## the kernel side's tests, and the browser's on a real JupyterLab
	$(PYTHON) tools/machine.py chromium
	$(bin)/python -m pytest $(side_by_side)

browser: .venv/installed  ## only the browser's tests
	$(PYTHON) tools/machine.py chromium
	$(bin)/python -m pytest $(side_by_side) tests/browser

frameworks: .venv/installed  ## the callbacks' tests with every framework, gigabytes of them
	$(bin)/python -m pip --quiet install '.[frameworks]'
	KERAS_BACKEND=torch $(bin)/python -m pytest tests/test_integrations.py

lint: .venv/installed  ## style and types, Python and TypeScript
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/mypy --platform win32 run_widgets
	cd js && npm run check

bench: .venv/installed  ## measure, and print a table
	$(PYTHON) tools/machine.py chromium
	$(bin)/python tools/bench.py
	$(bin)/python tools/bench_list.py
	$(bin)/python tools/bench_panel.py
	$(bin)/python tools/bench_portal.py

build: .venv/installed  ## wheel and sdist in dist/
	$(bin)/python -m pip --quiet install build
	$(bin)/python -m build

clean:  ## forget all that was set up or built
	rm -rf .venv js/node_modules js/lib dist run_widgets/labextension run_widgets/nbextension

.venv/ready: tools/machine.py
	$(PYTHON) tools/machine.py venv
	touch $@

.venv/node_modules: js/package-lock.json .venv/ready
	cd js && npm ci --no-audit --no-fund
	touch $@

front_end := $(shell find js/src js/style js/schema js/notices -type f) js/package.json js/tsconfig.json js/rspack.config.js js/notices.js

.venv/built: $(front_end) .venv/node_modules
	cd js && npm run build
	touch $@

# The front end is built above; pip need not build it again, apart and slower.
.venv/installed: pyproject.toml .venv/built
	SKIP_JUPYTER_BUILDER=1 $(bin)/python -m pip --quiet install --editable '.[test]'
	touch $@
