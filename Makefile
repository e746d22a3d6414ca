# One Makefile, not recursive.  SAN=1 builds with sanitizers into build/san,
# CC=clang works too.  deploy/packages.txt lists what must be installed.
BUILD := build$(if $(SAN),/san)$(if $(filter clang,$(CC)),-clang)
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wimplicit-fallthrough -Wconversion -Wsign-conversion \
	-Wnull-dereference -fno-common
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -fPIC -pthread $(WARN) \
	$(if $(SAN),-O1 $(SANFLAGS),$(HARDEN)) -Iserver -I. \
	-include server/base/banned.h
LDFLAGS := -pthread -Wl,-z,relro,-z,now,-z,noexecstack \
	$(if $(SAN),$(SANFLAGS))
PC := libmicrohttpd gnutls openssl jansson libpq libcbor cjose libcurl \
	libmosquitto
CFLAGS += $(shell pkg-config --cflags $(PC) 2>/dev/null)

LIBS_CORE := -lpq -lcjose -ljansson -lssl -lcrypto
LIBS_SERVER := $(LIBS_CORE) -lmicrohttpd -lgnutls
LIBS_CLIENT := $(LIBS_CORE) -lcurl -lmosquitto

src = $(wildcard $(addsuffix /*.c,$(1)))
obj = $(patsubst %.c,$(BUILD)/%.o,$(call src,$(1)))
CORE := $(addprefix server/,base codec pki store attest)
DAEMON := $(addprefix server/,domain http)
UNIT := $(wildcard tests/unit/*/*_test.c)
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT))

.PHONY: all
all: $(BUILD)/latchkeyd $(BUILD)/latchkey $(BUILD)/latchkey_broker.so

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# One archive of everything but the programs, for programs and tests alike.
$(BUILD)/liblatchkey.a: $(call obj,$(CORE) $(DAEMON))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/latchkeyd: $(BUILD)/server/main.o $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_SERVER)

$(BUILD)/latchkey: $(call obj,client) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_CLIENT)

$(BUILD)/latchkey_broker.so: $(call obj,server/plugin) $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -shared -o $@ $^ $(LIBS_CORE)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/liblatchkey.a
	$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS_SERVER) -lcmocka

.PHONY: unit
unit: $(UNIT_BIN)
	@for t in $(UNIT_BIN); do $$t || exit 1; done

.PHONY: fmt
fmt:
	clang-format -i $(shell git ls-files '*.c' '*.h')

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
