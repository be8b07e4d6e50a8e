# A short front for meson and ninja. `make` needs no root; demo, check and check-full install
# Debian's packages first (tools/packages) and then need root for network namespaces.
.PHONY: all demo check check-unit check-full bench packages clean format

all: build/build.ninja
	ninja -C build

build/build.ninja:
	meson setup build

# The test build: sanitizers on, every test.
build-test/build.ninja:
	meson setup build-test -Dtests=true -Db_sanitize=address,undefined -Db_lundef=false

packages:
	tools/packages

# The levels that need neither root nor a lab: unit, golden, sim, replay.
check-unit: build-test/build.ninja
	ninja -C build-test
	meson test -C build-test --print-errorlogs

check: packages
	tools/check

check-full: packages
	tools/check --full

demo: packages
	tools/demo

bench: packages
	bench/run
	bench/tables
	bench/uplink

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-test build-bench build-clang
