# One Makefile for everything; "make help" says what there is.  SAN=1 builds
# with sanitizers into build/san, SAN=thread with the thread sanitizer into
# build/tsan, CC=clang works too.  What is missing of
# deploy/packages.txt is installed on the way.
BUILD := build$(if $(COV),/cov)$(if $(SAN),/$(if $(filter thread,$(SAN)),t)san)$(if $(FUZZ),-fuzz)$(if $(filter clang,$(CC)),-clang)
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wimplicit-fallthrough -Wconversion -Wsign-conversion \
	-Wnull-dereference -fno-common
# What tests/lint/hardening.sh finds in the programs, and nothing of where they
# were built (make check-reproducible).
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection \
	$(if $(COV),,-ffile-prefix-map=$(CURDIR)=.) \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full)
SANKIND := $(if $(filter thread,$(SAN)),thread,address -fsanitize=undefined)
SANFLAGS := -fsanitize=$(SANKIND) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer $(if $(FUZZ),-fsanitize=fuzzer-no-link)
COVFLAGS := $(if $(COV),-O0 -U_FORTIFY_SOURCE -fprofile-instr-generate \
	-fcoverage-mapping)
CFLAGS = -std=c11 -D_GNU_SOURCE -O2 -g -fPIC -pthread $(WARN) \
	$(if $(SAN),-O1 $(SANFLAGS),$(HARDEN)) $(COVFLAGS) -Iserver -I. \
	-include server/base/banned.h $(PC_CFLAGS)
LDFLAGS := -pthread -Wl,-z,relro,-z,now,-z,noexecstack \
	$(if $(SAN),$(SANFLAGS)) $(COVFLAGS)
PC := libmicrohttpd gnutls openssl jansson libpq libcbor cjose libcurl \
	libfido2 \
	libmosquitto libqrencode zlib
# Asked at the first compilation, when the packages are there, and once.
PC_CFLAGS = $(eval PC_CFLAGS := $$(shell pkg-config --cflags $(PC)))$(PC_CFLAGS)

LIBS_CORE := -lpq -lfido2 -lcbor -lcjose -ljansson -lqrencode -lz -lssl -lcrypto
LIBS_SERVER := $(LIBS_CORE) -lmicrohttpd -lgnutls -lcurl
LIBS_CLIENT := $(LIBS_CORE) -lcurl -lmosquitto

src = $(wildcard $(addsuffix /*.c,$(1)))
obj = $(patsubst %.c,$(BUILD)/%.o,$(call src,$(1)))
CORE := $(addprefix server/,base codec pki store attest)
DAEMON := $(addprefix server/,fetch domain http)
UNIT := $(wildcard tests/unit/*/*_test.c)
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT))

.PHONY: all
all: $(BUILD)/latchkeyd $(BUILD)/latchkey $(BUILD)/latchkey_broker.so \
	api/web/docs.html

# The page of /docs, which lies beside the others.
api/web/docs.html: api/openapi.yaml api/reference.py | packages
	@mkdir -p $(BUILD)
	/usr/bin/python3 api/reference.py $< >$(BUILD)/docs.html
	@mv $(BUILD)/docs.html $@

$(BUILD)/%.o: %.c Makefile | packages
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# One archive of everything but the programs, for programs and tests alike.
$(BUILD)/liblatchkey.a: $(call obj,$(CORE) $(DAEMON))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/latchkeyd: $(call obj,server) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_SERVER)

$(BUILD)/latchkey: $(call obj,client) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_CLIENT)

$(BUILD)/latchkey_broker.so: $(call obj,server/plugin) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -shared -Wl,--version-script=server/plugin/plugin.map \
		-o $@ $^ $(LIBS_CORE)

# The plugin's own objects are not in the archive: the broker alone has the
# functions that plugin.c calls.
$(BUILD)/tests/unit/plugin/%: $(BUILD)/tests/unit/plugin/%.o \
		$(filter-out %/plugin.o,$(call obj,server/plugin)) \
		$(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_SERVER) -lcmocka

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_SERVER) -lcmocka

# What "make vectors" asks.
$(BUILD)/vectors-engine: $(call obj,tests/vectors) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -Wl,--wrap=EVP_DigestVerify -pie -o $@ $^ $(LIBS_CORE)

# The load generator of "make bench".
$(BUILD)/bench-load: $(call obj,tests/bench) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_CORE)

# A header alone, for tests/lint/headers.sh.
$(BUILD)/headers/%.h: %.h | packages
	@$(CC) $(CFLAGS) -fsyntax-only -x c -include $< /dev/null

JOBS := -j$(shell nproc)
export VAR ?= $(CURDIR)/var
export LATCHKEY_PORT ?= 8443
export MQTT_PORT ?= 8883

.PHONY: packages
packages:
	@deploy/dev/install.sh build

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile

## demo   the main job from end to end on a stack of its own, then gone
.PHONY: demo
demo:
	@deploy/dev/install.sh library service broker run build
	@$(MAKE) -s $(JOBS) all
	@deploy/dev/demo.sh

## up     Postgres, latchkeyd and Mosquitto in the background
##        (VAR=directory LATCHKEY_PORT=8443 MQTT_PORT=8883)
.PHONY: up
up:
	@deploy/dev/install.sh library service broker run build
	@$(MAKE) -s $(JOBS) all
	@deploy/dev/up.sh

## down   stops what up started, and keeps its data
.PHONY: down
down:
	@deploy/dev/down.sh

## check  all tests, with sanitizers (ARGS="-k name" to pick)
.PHONY: check
check:
	@deploy/dev/install.sh library service broker run build check
	@$(MAKE) -s $(JOBS) SAN=1 all unit
	@$(MAKE) -s check-threads
	@$(MAKE) -s vectors corpus
	@$(MAKE) -s mutations MUTATIONS=50
	@/usr/bin/python3 -m pytest -q -n 3 --dist loadfile tests $(ARGS)

## check-threads  what threads share, under the thread sanitizer
THREADED := domain/live_test domain/waiting_test http/queue_test
.PHONY: check-threads
check-threads:
	@$(MAKE) -s $(JOBS) SAN=thread build/tsan/latchkey build/tsan/latchkeyd \
		$(addprefix build/tsan/tests/unit/,$(THREADED))
	@for t in $(THREADED); do build/tsan/tests/unit/$$t || exit 1; done
	@LATCHKEY_BUILD=build/tsan /usr/bin/python3 -m pytest -q \
		tests/api/test_faults.py -k "flood or sigterm"

## check-clients  standard OAuth clients by node, from the npm registry
.PHONY: check-clients
check-clients:
	@deploy/dev/install.sh library service broker run build check clients
	@tests/clients/install.sh
	@$(MAKE) -s $(JOBS) SAN=1 all
	@/usr/bin/python3 -m pytest -q -n 3 tests/clients/clients.py $(ARGS)

## check-faults  the revocation plane under 1,000 faults at random, some 20
##        minutes (FAULTS=1000, SEED= to repeat a run)
FAULTS ?= 1000
.PHONY: check-faults
check-faults:
	@deploy/dev/install.sh library service broker run build check
	@$(MAKE) -s $(JOBS) SAN=1 all
	@FAULTS=$(FAULTS) /usr/bin/python3 -m pytest -q -s \
		tests/broker/test_plane_faults.py

## unit   the C tests alone (SAN=1 for sanitizers)
.PHONY: unit
unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do $$t || exit 1; done

# The parsers alone; one program under the name of each row of its table.
FUZZED := $(addprefix $(BUILD)/tests/fuzz/,fuzz.o evidence.o jose.o x509.o) \
	$(addprefix $(BUILD)/server/,http/guard.o \
	$(addprefix domain/,client_text.o dpop_read.o label_read.o \
	notice_cursor.o prompt.o)) \
	$(call obj,$(addprefix server/,base codec pki attest))
$(BUILD)/fuzz-replay: $(BUILD)/tests/fuzz/replay.o $(FUZZED)
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_CORE)
$(BUILD)/fuzz/%: $(FUZZED)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_CORE)

## check-containers  images, docker-compose.yml and the units of systemd,
##        really built and started (needs root)
.PHONY: check-containers
check-containers:
	@deploy/dev/install.sh containers
	@tests/containers/run.sh

## check-upgrade  from the release before (FROM=commit) to this one while
##        devices renew
FROM ?= 01fff48
.PHONY: check-upgrade
check-upgrade:
	@deploy/dev/install.sh library service broker run build check
	@$(MAKE) -s $(JOBS) all
	@tests/upgrade/run.sh $(FROM) $(CURDIR)/$(BUILD)

## check-reproducible  two builds of this commit, elsewhere and at another
##        time, are the same to the byte
.PHONY: check-reproducible
check-reproducible:
	@deploy/dev/install.sh build release
	@tests/reproducible.sh

## release  source, programs, images (where podman is), SBOMs, sums and their
##        signature, of this commit (KEY=minisign.key FILES="..." IMAGES=no
##        DIR=build/release)
DIR ?= build/release
PARTS := build/release-parts
.PHONY: release
release:
	@test -r "$(KEY)" || { echo "release: KEY=minisign.key" >&2; exit 2; }
	@deploy/dev/install.sh build release
	@rm -rf $(PARTS)
	@deploy/release_build.sh $(PARTS)
	@deploy/release.sh $(DIR) $(KEY) $(PARTS)/* $(FILES)

## fuzz   every parser of foreign bytes under libFuzzer, FUZZ_SECONDS=60 each
##        (FUZZ_ROWS="json jws" to pick)
FUZZ_SECONDS ?= 60
FUZZ_ROWS ?= $(shell sed -n 's/^\t{ "\([a-z0-9_]*\)", fuzz_.*/\1/p' \
	tests/fuzz/fuzz.c 2>/dev/null)
.PHONY: fuzz fuzz-run fuzz-coverage corpus
fuzz:
	@deploy/dev/install.sh build fuzz
	@$(MAKE) -s $(JOBS) SAN=1 FUZZ=1 CC=clang fuzz-run
	@$(MAKE) -s fuzz-coverage
fuzz-run: $(addprefix $(BUILD)/fuzz/,$(FUZZ_ROWS))
	@tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_ROWS)

## fuzz-coverage  how much of each parser the corpus reaches: 90 % or more
fuzz-coverage:
	@deploy/dev/install.sh build fuzz
	@$(MAKE) -s $(JOBS) COV=1 CC=clang build/cov-clang/fuzz-replay
	@/usr/bin/python3 tests/fuzz/coverage.py build/cov-clang/fuzz-replay \
		tests/corpus build/san-fuzz-clang/fuzz/corpus

## corpus  every parser over its corpus, with sanitizers
corpus:
	@$(MAKE) -s $(JOBS) SAN=1 build/san/fuzz-replay
	@tests/fuzz/replay.sh build/san/fuzz-replay $(FUZZ_ROWS)

## vectors  the engine against published cases (VECTORS=DIR for others)
VECTORS ?= tests/vectors
.PHONY: vectors
vectors:
	@$(MAKE) -s $(JOBS) SAN=1 build/san/vectors-engine
	@/usr/bin/python3 tests/vectors/run.py build/san/vectors-engine $(VECTORS)

## mutations  accepted evidence, changed at random: refused, or it says the
##        same (MUTATIONS=10000 each, SEED= to repeat a run)
MUTATIONS ?= 10000
.PHONY: mutations
mutations:
	@deploy/dev/install.sh build check
	@$(MAKE) -s $(JOBS) SAN=1 build/san/vectors-engine
	@/usr/bin/python3 tests/vectors/run.py build/san/vectors-engine \
		$(VECTORS) $(MUTATIONS) $(SEED)

## screenshots  every page of the owner's as pictures: build/screenshots
.PHONY: screenshots
screenshots:
	@deploy/dev/install.sh library service broker run build check
	@$(MAKE) -s $(JOBS) all
	@LATCHKEY_BUILD=$(CURDIR)/$(BUILD) SCREENSHOTS=$(CURDIR)/build/screenshots \
		/usr/bin/python3 -m pytest -q tests/browser/screenshots.py

## bench  what it costs, measured: a table, and build/bench.json
.PHONY: bench
bench:
	@deploy/dev/install.sh library service broker run build check bench
	@$(MAKE) -s $(JOBS) all $(BUILD)/bench-load $(BUILD)/vectors-engine
	@LATCHKEY_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 tests/bench/bench.py

## bench-large  what needs millions of rows (LARGE_ROWS=10000000
##        LARGE_ENROLLMENTS=1000000): some 20 minutes, 22 GB of disk
.PHONY: bench-large
bench-large:
	@deploy/dev/install.sh library service broker run build check bench
	@$(MAKE) -s $(JOBS) all $(BUILD)/bench-load $(BUILD)/vectors-engine
	@LATCHKEY_BUILD=$(CURDIR)/$(BUILD) /usr/bin/python3 tests/bench/large.py

## lint   layers, sizes, style, shell, contract and settings
.PHONY: lint
lint:
	@deploy/dev/install.sh build check
	@bad=0; for s in tests/lint/*.sh; do $$s || bad=1; done; exit $$bad

## settings  the example file and the reference page, from the table
.PHONY: settings
settings: $(BUILD)/latchkeyd
	@$< config --example >deploy/latchkeyd.conf
	@$< config --reference >docs/configuration.md

## fmt    formats all C
.PHONY: fmt
fmt:
	@clang-format -i $(shell git ls-files '*.c' '*.h')

## clean  stops the stack, removes what was built, and the stack's data
.PHONY: clean
clean:
	@deploy/dev/down.sh remove
	rm -rf build build-clang api/web/docs.html

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
