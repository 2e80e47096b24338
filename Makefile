# The front door. `make` builds; every other target says what it does. Meson does the work (meson.build).
#
#   make            build into ./build
#   make deps       install what the build and the tests need (apt-get; sudo when not root)
#   make quick      build, unit, scenario, layers, format: before each commit
#   make check      all tests
#   make demo       three real processes on this machine: the main job, shown
#   make asan       all tests under AddressSanitizer and UndefinedBehaviorSanitizer (ASAN_TESTS: Meson's words to leave
#                   some out)
#   make tsan       the threaded tests under ThreadSanitizer
#   make fuzz-smoke every fuzz target over its corpus, then FUZZ_SECONDS in all (default 120)
#   make install PREFIX=/usr/local
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 120
MESON_OPTIONS ?=
ASAN_TESTS ?=

.PHONY: all deps deps-demo quick check demo asan tsan fuzz-smoke install clean

all: deps-demo $(BUILD)/build.ninja
	@ninja -C $(BUILD)

deps:
	@tools/install-deps all

deps-demo:
	@tools/install-deps build

$(BUILD)/build.ninja:
	@meson setup $(BUILD) $(MESON_OPTIONS) >/dev/null

quick: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@meson test -C $(BUILD) --no-rebuild --suite unit --suite scenario --suite style --print-errorlogs

check: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs

demo: all
	@tools/demo $(BUILD)

asan: deps
	@test -f $(BUILD)-asan/build.ninja || meson setup $(BUILD)-asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 >/dev/null
	@ninja -C $(BUILD)-asan --quiet
	@meson test -C $(BUILD)-asan --no-rebuild --no-suite style --no-suite header --no-suite sim $(ASAN_TESTS) --print-errorlogs --timeout-multiplier 4

tsan: deps
	@test -f $(BUILD)-tsan/build.ninja || meson setup $(BUILD)-tsan -Db_sanitize=thread -Db_lundef=false -Doptimization=1 >/dev/null
	@ninja -C $(BUILD)-tsan --quiet $$(tools/suite-targets $(BUILD)-tsan thread)
	@meson test -C $(BUILD)-tsan --no-rebuild --suite thread --print-errorlogs --timeout-multiplier 4

fuzz-smoke: deps
	@tools/fuzz-smoke $(BUILD)-fuzz $(FUZZ_SECONDS)

install: all
	@meson configure $(BUILD) --prefix $(abspath $(PREFIX)) >/dev/null
	@meson install -C $(BUILD) --quiet

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz
