# Assay: `make` alone explains the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin

##@ Try it
.PHONY: demo
demo: $(VENV)/.demo ## Train, serve, judge and promote on real data, on this machine (DATA=folder, PORT=18080)
	@$(BIN)/assay demo $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT)) $(if $(OUT),--out "$(OUT)")

##@ On Kubernetes
TARGET ?= predictor full
REPOSITORY ?= assay
IMAGE_TAG ?= dev
# A tag v1.2.3 of the repository makes images 1.2.3, as the chart asks for them.
IMAGE ?= $(REPOSITORY):$(IMAGE_TAG:v%=%)
FULL_IMAGE ?= $(REPOSITORY)-full:$(IMAGE_TAG:v%=%)
IMAGES = --image $(IMAGE) --full-image $(FULL_IMAGE)
NAMESPACE ?= assay
CLUSTER := $(BIN)/assay cluster
BUNDLE_OPTION = $(if $(BUNDLE),--bundle "$(BUNDLE)")
PLACE = --namespace $(NAMESPACE) $(if $(CONTEXT),--context "$(CONTEXT)")
.PHONY: cluster image image-standalone deploy canary traffic rollback manifests chart-docs cluster-down
cluster: $(VENV)/.demo ## Make a kind cluster with Envoy Gateway (PROMETHEUS=1: and a Prometheus)
	@$(CLUSTER) up $(if $(PROMETHEUS),--prometheus) --node-image "$(KIND_NODE_IMAGE)" $(if $(ENVOY_GATEWAY_CHART),--gateway-chart "$(ENVOY_GATEWAY_CHART)") --gateway-flags "$(ENVOY_GATEWAY_FLAGS)"

image: $(VENV)/.demo ## Build the images assay:dev and assay-full:dev (TARGET=predictor: the first alone; EXTRAS=s3, BASE=image)
	@command -v docker >/dev/null || { echo "make: docker is missing; apt-get install docker.io, or docs.docker.com/engine/install" >&2; exit 1; }
	$(foreach target,$(TARGET),docker build $(DOCKER_BUILD_FLAGS) $(BUILD_ARGUMENTS) --target $(target) --tag $(IMAGE_OF_$(target)) . &&) true
	@echo "built: $(foreach target,$(TARGET),$(IMAGE_OF_$(target)))$(if $(filter standalone,$(TARGET)),,; next: make deploy)"

image-standalone: ## Build assay-standalone:dev: page, predictors and gateway in one container, behind one port (docs/delivery.md)
	@$(MAKE) image TARGET=standalone

IMAGE_OF_predictor = $(IMAGE)
IMAGE_OF_full = $(FULL_IMAGE)
IMAGE_OF_standalone = $(REPOSITORY)-standalone:$(IMAGE_TAG:v%=%)
BUILD_ARGUMENTS = --build-arg VERSION="$(VERSION)" --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" $(if $(EXTRAS),--build-arg EXTRAS="$(EXTRAS)") $(if $(BASE),--build-arg BASE="$(BASE)")

deploy: $(VENV)/.demo ## Install the chart with a first, stable revision (BUNDLE=directory)
	@$(CLUSTER) deploy $(IMAGES) $(BUNDLE_OPTION) $(PLACE)

canary: $(VENV)/.demo ## Send a new bundle through the gate, and to all traffic when it passes (BUNDLE=directory, HOLDOUT=spec)
	@$(CLUSTER) canary $(IMAGES) $(BUNDLE_OPTION) $(PLACE) $(if $(HOLDOUT),--holdout "$(HOLDOUT)")

traffic: $(VENV)/.demo ## Show the split that was asked for, and the one that was observed
	@$(CLUSTER) traffic $(PLACE)

rollback: $(VENV)/.demo ## Send everything to the stable revision at once
	@$(CLUSTER) rollback $(PLACE)

manifests: ## Render the chart for kubectl apply, into build/manifests.yaml (VALUES=file, NAMESPACE=assay)
	@[ -f "$(VALUES)" ] || { echo "make: VALUES is $(or $(VALUES),missing), expected a file of values: copy k8s/values.yaml, fill it in, and name it: make manifests VALUES=values.yaml" >&2; exit 1; }
	@command -v helm >/dev/null || { echo "make: helm is missing: helm.sh/docs/intro/install" >&2; exit 1; }
	@mkdir -p build
	@helm template assay helm/assay --namespace $(NAMESPACE) --values "$(VALUES)" >build/manifests.part
	@mv build/manifests.part build/manifests.yaml
	@echo "build/manifests.yaml is written; next, in a namespace that is there (kubectl create namespace $(NAMESPACE)):"
	@echo "  kubectl apply --server-side --filename build/manifests.yaml"

chart-docs: $(VENV)/.dev ## Write the chart's tables of values anew, from values.yaml
	@$(BIN)/python helm/values_table.py

cluster-down: $(VENV)/.demo ## Remove the kind cluster
	@$(CLUSTER) down

##@ Deliver, as pipelines do (docs/pipelines.md)
TRAIN ?= digits:part-1 digits:part-2
HOLDOUT ?= digits:holdout
CURRENT ?= build/current
CANDIDATE ?= build/candidate
.PHONY: candidate current non-regression smoke push version release-notes chart package image-report notices coverage deliver
candidate: $(VENV)/.demo ## Train the bundle build/candidate (TRAIN="digits:part-1 digits:part-2", HOLDOUT=spec, GATE=gate.yaml)
	@mkdir -p build
	@$(BIN)/assay train $(foreach part,$(TRAIN),--data "$(part)") --holdout "$(HOLDOUT)" --out build/bundles --json >build/candidate.json
	@ln -sfn "../$$($(BIN)/python -c 'import json; print(json.load(open("build/candidate.json"))["bundle"])')" build/candidate
	@cat build/candidate.json

current: $(VENV)/.demo ## Fetch the bundle that serves now into build/current; nothing where none does (CONTEXT=)
	@rm -rf build/current
	@$(CLUSTER) current --to build/current $(PLACE)

non-regression: $(VENV)/.demo ## Judge build/candidate against build/current on the holdout; the first has nobody to be judged against
	@if [ -e "$(CURRENT)" ]; then \
		$(BIN)/assay gate --stable "$(CURRENT)" --canary "$(CANDIDATE)" --holdout "$(HOLDOUT)" $(if $(GATE),--config "$(GATE)") --out build/evidence.json --report build/evidence.html; \
	else echo "make: there is no $(CURRENT): this is the first bundle, and nothing is compared"; fi

smoke: $(VENV)/.dev ## Run IMAGE with CANDIDATE, ask it a fixed row, and compare the answer (SMOKE=tests/image/fixed_row.json)
	@ASSAY_TEST_IMAGE=$(IMAGE) ASSAY_TEST_BUNDLE="$(CANDIDATE)" $(if $(SMOKE),ASSAY_TEST_ROW="$(SMOKE)") $(BIN)/pytest tests/image/test_built_image.py

push: ## Push IMAGE and FULL_IMAGE, registry/name:tag, as REGISTRY_USER with REGISTRY_PASSWORD where these are in the environment
	@if [ -n "$${REGISTRY_USER:-}" ]; then printenv REGISTRY_PASSWORD | docker login "$(firstword $(subst /, ,$(IMAGE)))" --username "$$REGISTRY_USER" --password-stdin; fi
	docker push $(IMAGE)
	docker push $(FULL_IMAGE)

version: $(VENV)/.demo ## Print the version, which the newest tag v1.2.3 makes: of the program, the images and the chart
	@echo $(VERSION)

release-notes: $(VENV)/.demo ## Write what CHANGELOG.md says of this version into build/release-notes.md
	@mkdir -p build
	@awk '/^## /{ found = index($$0, "[$(VERSION)]") } found' CHANGELOG.md >build/release-notes.md
	@[ -s build/release-notes.md ] || { echo "make: CHANGELOG.md has no heading [$(VERSION)]: it names what a version brings, first" >&2; exit 1; }

# Evaluated where it is used, as it takes a second.
VERSION = $(shell $(BIN)/hatchling version)
# 0.2.0rc1 is 0.2.0-rc.1 to Helm, and 0.1.dev7+g1234567 is 0.1.0-dev.7+g1234567.
CHART_VERSION = $(shell echo "$(VERSION)" | sed -E 's/^([0-9]+\.[0-9]+)\.dev/\1.0.dev/; s/\.?(a|b|rc|dev)([0-9]+)/-\1.\2/')

chart: $(VENV)/.demo ## Check the chart and pack it into build/chart, in the program's version
	@command -v helm >/dev/null || { echo "make: helm is missing: helm.sh/docs/intro/install" >&2; exit 1; }
	@helm lint --quiet --strict helm/assay --set stable.revision=v1,stable.bundle.digest=sha256:$$(printf %064d 0)
	@helm package helm/assay --version "$(CHART_VERSION)" --app-version "$(VERSION)" --destination build/chart

package: $(VENV)/.dev ## Build the wheel into build/dist
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/dist .
	@ls build/dist

image-report: $(VENV)/.dev ## Show what the images consist of, and how large it is; write build/sbom/*.cdx.json (CycloneDX)
	@$(BIN)/python -m delivery.image_report $(foreach target,$(TARGET),$(IMAGE_OF_$(target))) --sbom build/sbom

notices: $(VENV)/.dev ## Write THIRD_PARTY_NOTICES.md anew: what the images consist of, and under which licences
	@$(BIN)/python -m delivery.notices

coverage: $(VENV)/.dev ## Which lines the quick tests run: build/coverage/index.html, build/coverage.xml; 90 % of the pure code at least
	@$(BIN)/pytest -m "not slow" -n $(TEST_PROCESSES) --dist loadfile --cov --cov-report=html:build/coverage --cov-report=xml:build/coverage.xml $(PYTEST_FLAGS)
	@$(BIN)/coverage report --fail-under=90 --include="promotion/statistics/*,promotion/gate/*,promotion/rollout/*,open_inference/*,bundle/*,dataset/*"

deliver: $(VENV)/.demo ## Deploy CANDIDATE where nothing serves yet, send it through the gate where something does (CONTEXT=, ADDRESS=)
	@$(CLUSTER) deliver $(IMAGES) --bundle "$(CANDIDATE)" --holdout "$(HOLDOUT)" $(PLACE) $(if $(ADDRESS),--address "$(ADDRESS)")

##@ Develop
TEST_PROCESSES ?= 2
MINUTES ?= 10
RATE ?= 100
.PHONY: test test-fast test-image test-cluster soak soak-docs lint docs reference-docs presentation format fuzz simulate grpc-messages db-migration data-model-docs console-pictures
test: $(VENV)/.dev ## Run all tests (PYTEST_FLAGS="-k envoy"); what a test lacks on this machine is named in its skip
	@$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadfile $(PYTEST_FLAGS)

soak: $(VENV)/.dev ## Constant load while everything behind the gateway ends in turn: MINUTES=10 RATE=100, tables and build/soak.json
	@SOAK_SECONDS=$$((60 * $(MINUTES))) SOAK_RATE=$(RATE) SOAK_REPORT=build/soak.json $(BIN)/pytest --quiet -s tests/soak

soak-docs: $(VENV)/.dev ## Write the last soak into docs/reliability.md
	@cp build/soak.json docs/soak.json
	@$(BIN)/python -m tests.soak.report

test-fast: $(VENV)/.dev ## Run the tests that take at most a few seconds each
	@$(BIN)/pytest -m "not slow" $(PYTEST_FLAGS)

test-image: $(VENV)/.dev ## Run the tests that need Docker and what `make image` makes
	@ASSAY_TEST_IMAGE=$(IMAGE) ASSAY_TEST_FULL_IMAGE=$(FULL_IMAGE) $(BIN)/pytest -m image $(PYTEST_FLAGS)

test-cluster: $(VENV)/.dev ## Run the tests that need what `make cluster` and `make image` make
	@kind load docker-image $(IMAGE) $(FULL_IMAGE) --name assay
	@$(BIN)/pytest -m "cluster and not alone" -n 2 --dist loadfile $(PYTEST_FLAGS)
	@$(BIN)/pytest -m "cluster and alone" $(PYTEST_FLAGS)

lint: $(VENV)/.dev ## Check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy helm/values_table.py
	@$(BIN)/lint-imports --no-cache

docs: $(VENV)/.dev ## Build the documentation's site into build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "build/site is written; to look at it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site"

reference-docs: $(VENV)/.dev ## Write docs/reference anew, from the program
	@$(BIN)/python -m documentation

presentation: $(VENV)/.dev ## Print docs/presentation.md as slides, into build/presentation.pdf (Chromium)
	@$(BIN)/python -m documentation.presentation build/presentation.pdf

format: $(VENV)/.dev ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

fuzz: $(VENV)/.dev ## Give every parser bytes that nobody meant to send (PARSER=name, SECONDS=60 or EXAMPLES=, REPLAY=file)
	@$(BIN)/python -m tests.fuzz $(if $(PARSER),--parser "$(PARSER)") $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(EXAMPLES),--examples "$(EXAMPLES)") $(if $(REPLAY),--replay "$(REPLAY)")

simulate: $(VENV)/.demo ## Measure how honest the gate is, on simulated canaries; some minutes (RUNS=10000, SEED=20261121)
	@$(BIN)/assay gate simulate $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) --picture docs/pictures/simulation.svg

grpc-messages: $(VENV)/.dev ## Write open_inference/grpc_messages/generated anew, from open_inference.proto
	@$(BIN)/python -m grpc_tools.protoc --proto_path=open_inference/grpc_messages open_inference.proto \
		--python_out=open_inference/grpc_messages/generated --pyi_out=open_inference/grpc_messages/generated

db-migration: $(VENV)/.dev ## Print what a migration has to do for records/models as they are now
	@$(BIN)/python -m records.draft_migration

data-model-docs: $(VENV)/.dev ## Write the tables of docs/data-model.md anew, from records/models
	@$(BIN)/python -m records.data_model_page docs/data-model.md

console-pictures: $(VENV)/.dev ## Take the pictures of docs/console.md anew, from a real console in Chromium
	@CONSOLE_PICTURES=docs/pictures $(BIN)/pytest tests/console/page/test_page.py

##@ Measure
.PHONY: bench bench-docs bench-recording-docs capacity capacity-docs
bench: $(VENV)/.dev ## Compare speed and size with other servers; about ten minutes (PEERS="kserve ray", ROUNDS=3, SECONDS=3)
	@$(BIN)/python -m benchmarks $(if $(PEERS),--peers "$(PEERS)") $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-docs: $(VENV)/.dev ## Write the last comparison into docs/performance.md
	@cp build/bench/results.json docs/performance.json
	@$(BIN)/python -m benchmarks.report docs/performance.json --document docs/performance.md --picture docs/pictures/performance.svg

bench-recording-docs: $(VENV)/.dev ## Write what recording costs into docs/performance.md, after make bench PEERS="assay assay-recording"
	@cp build/bench/results.json docs/performance-recording.json
	@$(BIN)/python -m benchmarks.report docs/performance-recording.json --recording --document docs/performance.md

capacity: $(VENV)/.dev ## What a core serves and what a second worker adds; a minute
	@$(BIN)/python -m benchmarks.capacity

capacity-docs: $(VENV)/.dev ## Write the last measurement into docs/capacity.md
	@cp build/capacity.json docs/capacity.json
	@$(BIN)/python -m benchmarks.capacity --out docs/capacity.json --document docs/capacity.md

##@ Keep
.PHONY: requirements requirements-update clean help
requirements: $(VENV)/.dev ## Pin what pyproject.toml asks for, with hashes, and leave what is pinned (requirements/*.txt)
	@$(PIN) pyproject.toml requirements/build.in --extra dev --output-file requirements/dev.txt
	@$(PIN) requirements/build.in --constraint requirements/dev.txt --output-file requirements/build.txt
	@$(PIN) pyproject.toml requirements/build.in --extra demo --constraint requirements/dev.txt --output-file requirements/demo.txt
	@for extra in predictor full s3 kserve ray; do \
		$(PIN) pyproject.toml --extra $$extra --constraint requirements/dev.txt --output-file requirements/$$extra.txt || exit 1; \
	done
	@for peer in benchmarks/requirements/*.in; do $(PIN) "$$peer" --output-file "$${peer%.in}.txt" || exit 1; done

requirements-update: $(VENV)/.dev ## Pin the newest of everything, with hashes; then: make notices lint test
	@$(MAKE) requirements UPGRADE=--upgrade

clean: ## Remove what the other targets made, the virtual environment included
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage

help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

PIN = $(BIN)/uv pip compile --quiet $(UPGRADE) --generate-hashes --no-emit-index-url --python-version 3.11 --custom-compile-command "make requirements"

# A virtual environment holds what the newest stamp says; `dev` contains all of `demo`. The files name everything
# (--no-deps): asked for `coverage[toml]`, older pips look past the pin of `coverage` for a newer one, and refuse it.
$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/bin/pip
	@if [ -e $(VENV)/.dev ] && [ $(VENV)/.dev -nt requirements/dev.txt ]; then touch $@; exit; fi; \
	$(call install,demo)

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/pip
	@$(call install,dev)

define install
echo "make: installing requirements/$(1).txt into $(VENV) (once; a minute or two)"; \
$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/$(1).txt; \
$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
touch $(VENV)/.$(1)
endef

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; apt-get install python3.11 python3.11-venv, or set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) cannot make a virtual environment; apt-get install python3.11-venv" >&2; rm -rf $(VENV); exit 1; }
