#include "domain/ticket.h"

#include "domain/svc.h"
#include "pki/mac.h"

#define DAY 86400

void
ticket_key(const struct svc *svc, int64_t now, uint8_t key[TICKET_KEY_BYTES])
{
	int64_t day = now / DAY;
	struct bytes part = { (const uint8_t *)&day, sizeof(day) };

	mac_compute(svc->mac, "tls-ticket-1", &part, 1, key);
	mac_compute(svc->mac, "tls-ticket-2", &part, 1, key + MAC_BYTES);
}
