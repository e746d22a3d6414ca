#include "domain/ticket.h"

#include "domain/svc.h"
#include "pki/mac.h"

#define DAY 86400

void
ticket_key(const struct svc *svc, const char *listener, int64_t now,
    uint8_t key[TICKET_KEY_BYTES])
{
	int64_t day = now / DAY;
	struct bytes parts[] = { { (const uint8_t *)&day, sizeof(day) },
		bytes_str(listener) };

	mac_compute(svc->mac, "tls-ticket-1", parts, 2, key);
	mac_compute(svc->mac, "tls-ticket-2", parts, 2, key + MAC_BYTES);
}
