# Ringback. `make run` shows it, `make test` proves it; `make help` lists the rest.

SWIFT ?= swift
# One build serves the products, the tests and the benchmarks.
BUILD := $(SWIFT) build -c release --explicit-target-dependency-import-check error
# Its bundle is started as it is, for `swift test` lets only one run at a time.
TEST := .build/release/ringbackPackageTests.xctest --testing-library swift-testing
# Thousands of simulated runs; beside them, tests with real servers would wait for a thread.
SIMULATED := JobWorkerTests\..*ChaosTests
PAGES := EndToEndTests\.(PagesTests|PageStatesTests|WidgetTests)
# A thousand tests begun at once all wait for each other, and time limits run out.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH := 8
PRODUCTS := ringback scheduler server worker-sync worker-attribution worker-conversion \
	worker-export worker-upkeep elevenlabs-simulator ringback-bench ringback-chaos ringback-fuzz
SOURCES := Package.swift Sources Tests workers Benchmarks

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## install what is missing, build, and run the whole stack (ARGS="--calls 2000")
	@ops/install-dependencies run
	exec build/ringback up $(ARGS)

.PHONY: build
build: ## build every executable into build/
	@ops/install-dependencies build
	$(BUILD)
	@$(MAKE) --no-print-directory link

.PHONY: link
link:
	@mkdir -p build
	@bin=$$($(BUILD) --show-bin-path) && for product in $(PRODUCTS); do \
		ln -sfn "$$bin/$$product" "build/$$product"; done

.PHONY: test
test: ## install what is missing and run everything that CI runs
	@ops/install-dependencies build run test
	@ops/install-python-tools
	@$(MAKE) --no-print-directory lint
	$(BUILD) --build-tests
	@$(MAKE) --no-print-directory link
	build/ringback schedule check schedules
	build/ringback rules check rules
	@rm -f $(TEST_PARTS:%=build/%.log)
	@$(MAKE) --no-print-directory -j3 --output-sync=line computing-tests page-tests \
		process-tests || { echo; echo "What failed, once more:"; \
		ops/run-tests --failures $(TEST_PARTS); exit 1; }

TEST_PARTS := unit-tests simulated-tests model-tests page-tests process-tests

# What has browsers and processes waits for nine tenths of its time: the parts run side by side,
# and those that compute give way.
.PHONY: computing-tests
computing-tests:
	ops/run-tests unit-tests nice -n 19 $(TEST) --skip ModelTests --skip EndToEndTests \
		--skip '$(SIMULATED)'
	ops/run-tests simulated-tests nice -n 19 $(TEST) --filter '$(SIMULATED)'
	ops/run-tests model-tests nice -n 19 $(TEST) --filter ModelTests

.PHONY: page-tests
page-tests:
	ops/run-tests page-tests $(TEST) --filter '$(PAGES)' --no-parallel

.PHONY: process-tests
process-tests:
	ops/run-tests process-tests $(TEST) --filter EndToEndTests --skip '$(PAGES)' --no-parallel

.PHONY: check
check: lint ## the quick part of the tests, in a debug build (FILTER=CronTests for less)
	@ops/install-dependencies build test
	$(SWIFT) build --build-tests
	RINGBACK_TEST_SCALE=quick $(SWIFT) test --skip-build --skip EndToEndTests \
		$(if $(FILTER),--filter $(FILTER))

.PHONY: lint
lint: ## check the style
	$(SWIFT) format lint --strict --recursive $(SOURCES)

.PHONY: format
format: ## mend the style
	$(SWIFT) format --in-place --recursive $(SOURCES)

.PHONY: bench
bench: build ## measure, as ratios against limits of the same run (ARGS="--json")
	@ops/install-dependencies run
	build/ringback-bench $(ARGS)

ADDRESS ?= http://localhost:9000
.PHONY: screenshots
screenshots: ## a picture of every page of a running stack into build/screenshots (ADDRESS=...)
	@ops/install-dependencies test
	@ops/install-python-tools
	.build/python/bin/python Tests/Pages/screenshots.py $(ADDRESS) build/screenshots

MINUTES ?= 30
SEED ?= 1
FSYNC ?= always
.PHONY: chaos
chaos: build ## break everything for MINUTES=30, count what is lost (SEED=1 FSYNC=always ARGS="...")
	@ops/install-dependencies run
	build/ringback-chaos storm --minutes $(MINUTES) --seed $(SEED) --fsync $(FSYNC) $(ARGS)

SECONDS ?= 60
.PHONY: fuzz
fuzz: ## libFuzzer over what reads bytes from outside (TARGET=envelope SECONDS=60)
	@ops/install-dependencies build
	$(SWIFT) build -c release --product ringback-fuzz --scratch-path .build/fuzz \
		-Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld -Xswiftc -DLIBFUZZER
	@mkdir -p .build/fuzz-corpus
	@for target in $(or $(TARGET),$(notdir $(wildcard Tests/Corpus/*))); do \
		mkdir -p .build/fuzz-corpus/$$target; \
		FUZZ_TARGET=$$target .build/fuzz/release/ringback-fuzz -max_total_time=$(SECONDS) \
			-timeout=10 -artifact_prefix=.build/fuzz-corpus/$$target- \
			.build/fuzz-corpus/$$target Tests/Corpus/$$target || exit 1; done

.PHONY: tsan
tsan: ## the concurrency tests under the thread sanitizer
	@ops/install-dependencies build run test
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build/tsan
	clang -O1 -fPIC -shared -o .build/tsan/mutex-for-tsan.so Tests/Tools/mutex-for-tsan.c
	RINGBACK_TEST_SCALE=quick LD_PRELOAD="$(CURDIR)/.build/tsan/mutex-for-tsan.so" \
		TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/Tools/tsan.supp" \
		$(SWIFT) test --skip-build --sanitize=thread --scratch-path .build/tsan \
		--filter 'RedisClientTests|RedisQueueTests|JobWorkerTests|SimulationTests|SchedulingTests' \
		--skip ModelTests

.PHONY: completions
completions: build ## write the shells' completion scripts into build/completions/
	@mkdir -p build/completions
	build/ringback --generate-completion-script bash > build/completions/ringback.bash
	build/ringback --generate-completion-script zsh > build/completions/_ringback
	build/ringback --generate-completion-script fish > build/completions/ringback.fish

.PHONY: clean
clean: ## remove what was built; data/ stays
	rm -rf .build build
