#include <inttypes.h>

#include "base/arena.h"
#include "client/inspect.h"
#include "codec/matter.h"

bool
inspect_matter_cd(struct inspection *in, struct bytes data)
{
	static const char *const types[] = { "test", "provisional",
		"official" };
	const char *pids = "";
	struct matter_cd cd;
	size_t i;

	if (matter_cd_parse(in->cx, data, &cd) != NULL)
		return false;
	for (i = 0; i < cd.n_pids; i++)
		pids = arena_printf(in->cx->arena, "%s %04X", pids, cd.pid[i]);
	inspect_line(in, "certification declaration", "%s", types[cd.type]);
	inspect_line(in, "vendor", "%04X", cd.vid);
	inspect_line(in, "products", "%s", pids + (*pids == ' '));
	inspect_line(in, "device_type", "0x%04" PRIx32, cd.device_type);
	inspect_line(in, "certificate", "%.*s", (int)cd.certificate_id.n,
	    (const char *)cd.certificate_id.p);
	if (cd.has_origin)
		inspect_line(in, "made by", "%04X, product %04X", cd.origin_vid,
		    cd.origin_pid);
	for (i = 0; i < cd.n_paas; i++)
		inspect_hex(in, "authority_key_id", cd.paa[i]);
	return true;
}

bool
inspect_matter_elements(struct inspection *in, struct bytes data)
{
	struct matter_elements m;

	if (matter_elements_parse(in->cx, data, &m) != NULL)
		return false;
	inspect_line(in, "attestation elements", "of Matter");
	inspect_hex(in, "nonce", m.nonce);
	inspect_within(in, "declaration", m.declaration);
	inspect_hex(in, "firmware", m.firmware);
	return true;
}

bool
inspect_matter_nocsr(struct inspection *in, struct bytes data)
{
	struct matter_nocsr m;

	if (matter_nocsr_parse(in->cx, data, &m) != NULL)
		return false;
	inspect_line(in, "NOCSR elements", "of Matter");
	inspect_hex(in, "nonce", m.nonce);
	inspect_within(in, "csr", m.csr);
	return true;
}
