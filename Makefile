# The tasks of this repository. The work is done by cargo, go and the scripts in
# .ci/; this file only says in which order. `make` alone explains the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Absolute, since tests that start cargo do so from their own folder.
export CARGO_TARGET_DIR := $(CURDIR)/target

dist := target/dist
demo := target/demo
# Workspaces of their own: nothing of them ships, and some take minutes to build.
outside := $(wildcard tests/*/Cargo.toml tests/contenders/*/Cargo.toml)

.PHONY: help setup demo test test-build deny notices picture package test-cluster test-node test-fresh test-languages test-readers test-serve test-arm64 test-arch image test-image test-page conformance check-targets guests host host-full host-min host-admin host-serve host-view capi codegen apiserver registry bench soak fuzz miri size-corpus fmt lint clean

help: ## explain these targets
	@echo "Gatherers for Kubernetes as tiny WebAssembly modules. Targets:"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Start with 'make demo': it needs no cluster, and sets up what is missing."

setup: ## find or install the tools that the build needs (says what it installs)
	@bash .ci/setup

# Guests and host have nothing in common but the processors.
demo: setup ## run the example gatherers on the shipped recording, show what they found
	@$(MAKE) --jobs=2 guests host-min
	@rm -rf $(demo) && mkdir -p $(demo)
	$(dist)/host-min run target/guests/{cluster-operators,degraded-operators,pods,nodes,events,image-inventory,crash-logs}.wasm \
	    --replay examples/demo.har --output $(demo)/archive
	@echo && echo "Files in $(demo)/archive:"
	@cd $(demo)/archive && find . -type f | sort | sed 's|^\./|  |'
	@cd $(demo)/archive && for file in degraded-operators/* pods/* nodes/totals.json; do \
	    echo && echo "$$file:" && cat "$$file" && echo; done
	@echo && echo "The report is $(demo)/archive/wagather.json, the audit audit.jsonl beside it."

test: test-build lint ## every test that needs no cluster, and the linters
	cargo test --workspace --no-fail-fast
	cargo test --locked --manifest-path tests/contenders/imports/Cargo.toml
	bash .ci/fuzz --bounded

test-build: ## build all that make test runs
	@bash .ci/setup test fuzz
	@$(MAKE) guests host host-full host-serve host-view capi codegen
	cargo test --workspace --no-run
	cargo test --locked --manifest-path tests/contenders/imports/Cargo.toml --no-run
	bash .ci/fuzz --build

test-fresh: ## both commands of the README in clean Debian roots (needs root; see .ci/fresh)
	@bash .ci/fresh $(FRESH)

test-languages: guests host-min host-admin host-full capi codegen ## gatherers in C, C++, Zig, AssemblyScript, Rust and Go, by compilers that it installs
	@bash .ci/languages

test-serve: guests host-serve ## the HTTP API of host-min serve, by schemathesis and the parser of prometheus_client (from PyPI)
	@bash .ci/serve-api

test-readers: guests host-min host-admin host-view ## programs that read must-gathers, Insights archives, a fleet's lines, SARIF and JUnit (needs Python, npm and Go)
	@bash .ci/readers

conformance: host-min ## run the conformance kit on a guest in any language: GUEST=module
	cargo run --quiet -p tests --bin conformance -- $(GUEST)

test-arm64: guests ## host-min for arm64 on a kernel of arm64 in qemu: the same archive, the whole sandbox
	@bash .ci/foreign aarch64

test-arch: guests ## host-min for armv7, riscv64 and ppc64le, translated by qemu; that there is none for s390x
	@bash .ci/foreign armv7 riscv64 ppc64le s390x

image: ## make OCI images of host-min and of host-min serve for amd64 and aarch64 (or ARCH='...') to target/image (needs Go)
	@bash .ci/image $(ARCH)

test-image: ## make the images twice, push and pull them on the loopback interface, run them with a read-only root
	@bash .ci/image --test $(ARCH)

test-page: ## the page of report --html in a headless Chromium, which it installs (BLESS=1 draws the pictures of docs/report.md anew)
	@bash .ci/setup test
	cargo test -p wagather-view --test page

check-targets: ## check that what gatherers are written with compiles for macOS and Windows
	@bash .ci/check-targets

test-cluster: guests host host-serve host-view codegen apiserver registry ## the end-to-end tests on a real kube-apiserver and a real registry (needs Go)
	cargo test -p tests --features cluster --test cluster --test registry -- --test-threads=1

test-node: guests host ## pods, Jobs and limits on a real node: kubelet, containerd, controllers (needs root and Go)
	bash .ci/node $(NODE)

guests: setup ## build the examples to target/guests/<name>.wasm, or GUESTS='folder ...'
	@bash .ci/guests $(GUESTS)

host: setup ## build the static, stripped host-min, host-min-admin and size-report to target/dist (ARCH=aarch64: the first two for it)
	@bash .ci/host $(if $(ARCH),--arch=$(ARCH) host-min host-min-admin,host-min host-min-admin size-report)

host-full: setup ## build host-min-full, which has both engines and the commands of host-min-admin, to target/dist
	@bash .ci/host host-min-full

host-serve: setup ## build host-min-serve, which host-min serve starts, to target/dist
	@bash .ci/host host-min-serve

host-admin: setup ## build host-min-admin, which host-min starts for inspect, rbac, deploy and more, to target/dist
	@bash .ci/host host-min-admin

host-min: setup
	@bash .ci/host host-min

host-view: setup ## build host-min-view, which shows, serves and compares archives, to target/dist
	@bash .ci/host host-min-view

capi: setup ## build libwagather for programs in C and others, with wagather.h, to target/dist (docs/embedding.md)
	@bash .ci/capi

codegen: setup ## build what makes a gatherer's types to target/dist/codegen (see docs/codegen.md)
	@bash .ci/host codegen

apiserver:
	@bash .ci/setup cluster
	@mkdir -p target/apiserver
	cd tests/apiserver && go build -trimpath -ldflags='-s -w' -o ../../target/apiserver/apiserver .
	cd tests/apiserver && go build -trimpath -ldflags="-s -w -X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)" \
	    -o ../../target/apiserver/kubectl k8s.io/kubernetes/cmd/kubectl

registry:
	@bash .ci/setup cluster
	@mkdir -p target/image
	cd .ci/oci && CGO_ENABLED=0 go build -trimpath -o ../../target/image/oci .

bench: guests host host-serve ## measure start-up, large clusters, calls, a service, or other engines and clients (BENCH=peers)
	@bash .ci/contenders $(BENCH)
	cargo build --release -p tests --bins
	target/release/bench $(BENCH)

soak: host-serve ## run host-min serve 100,000 times in bad company, or SOAK='runs=N ...' (tests/src/bin/soak says what that is)
	cargo build --release -p wagather-serve --bin host-min-serve -p tests --bin soak
	target/release/soak $(SOAK)
	target/release/soak runs=5000 replacements=50 away=10 clock=yes program=target/release/host-min-serve

fuzz: setup ## fuzz for long: FUZZ_SECONDS for each target (see docs/fuzzing.md)
	@bash .ci/fuzz

miri: ## the SDK's unsafe code and what reads foreign bytes, in Miri (rustup's nightly)
	@bash .ci/miri

size-corpus: setup ## hold size-report against large published modules (fetches them from npm)
	@bash .ci/size-corpus

deny: ## hold the dependencies' licences, sources and advisories against deny.toml
	@bash .ci/deny

notices: ## write THIRD-PARTY-NOTICES.txt anew, after a dependency changed
	BLESS=1 cargo test -p tests --test notices

picture: guests host ## draw docs/run.svg anew, the README's picture of a run
	BLESS=1 cargo test -p tests --test picture

package: ## package every crate as cargo publish would, and build what is in the packages
	@bash .ci/package

fmt: ## format the code
	cargo fmt --all
	for manifest in $(outside); do cargo fmt --manifest-path "$$manifest"; done

lint: setup ## format check, clippy and rustdoc, every warning an error
	cargo fmt --all --check
	for manifest in $(outside); do cargo fmt --manifest-path "$$manifest" --check; done
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	cargo clippy --locked --manifest-path tests/contenders/bare/Cargo.toml -- -D warnings
	cargo clippy --locked --manifest-path tests/contenders/wasmi/Cargo.toml -- -D warnings
	cargo clippy --locked --manifest-path tests/contenders/imports/Cargo.toml --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	bash .ci/fuzz --lint

clean: ## remove everything that was built
	rm -rf target
