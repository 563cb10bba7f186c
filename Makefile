.DELETE_ON_ERROR:
.PHONY: demo demo-check test test-long bench models faults lint clean

# Some containers set it; then every process compiles every module anew, two seconds each time.
unexport PYTHONDONTWRITEBYTECODE

WRISTCHART := .venv/bin/wristchart
PYTHON := .venv/bin/python

demo: .venv/installed .venv/compiled  ## start everything on loopback and print where to click
	@$(WRISTCHART) demo $(ARGS)

demo-check: .venv/installed-dev .venv/compiled  ## drive the demo through the whole story in headless Chromium
	@$(PYTHON) -m tests.demo_check $(ARGS)

test: .venv/installed-dev  ## lint, types, import rules and every test in its short form
	@$(PYTHON) -m tests.run

test-long: .venv/installed-dev  ## the same in the full forms
	@$(PYTHON) -m tests.run --long

bench: .venv/installed-dev .venv/compiled  ## every measured figure
	@$(PYTHON) -m bench

models: .venv/installed-dev .venv/compiled  ## make the rhythm models anew from the records and compare every bit
	@$(PYTHON) -m bench.rhythm.train --check $(ARGS)

faults: .venv/installed-dev  ## 10,000 findings and 1,000 kills over five kinds of EHR
	@$(PYTHON) -m tests.faults.harness $(ARGS)

lint: .venv/installed-dev
	@$(PYTHON) -m tests.run lint types imports

.venv/installed: requirements.lock pyproject.toml deploy/environment.sh deploy/installer.lock
	@deploy/environment.sh requirements.lock
	@touch $@

.venv/compiled: $(wildcard wearable_agg/afib/*.py) | .venv/installed
	@echo "Compiling the rhythm analysis (once; a minute) ..."
	@$(PYTHON) -m wearable_agg.afib
	@touch $@

.venv/installed-dev: requirements-dev.lock pyproject.toml deploy/environment.sh deploy/installer.lock deploy/chromium.sh deploy/postgresql.sh
	@deploy/environment.sh requirements-dev.lock
	@deploy/chromium.sh
	@deploy/postgresql.sh
	@touch $@ .venv/installed

clean:  ## remove the environment and the demo's data
	rm -rf .venv data build
