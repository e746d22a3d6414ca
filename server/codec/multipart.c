#include "codec/multipart.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

struct bytes
multipart_mixed(struct arena *a, const struct multipart_part *v, size_t n)
{
	struct bytes out;
	struct buf b;
	size_t i;

	buf_init(&b, a, LIMIT_BODY_EST);
	/* RFC 8951 section 3.1 gives Content-Transfer-Encoding no meaning,
	 * but clients skip parts without it. */
	for (i = 0; i < n; i++)
		buf_printf(&b,
		    "--latchkey-part\r\n"
		    "Content-Type: %s\r\n"
		    "Content-Transfer-Encoding: base64\r\n"
		    "\r\n"
		    "%s\r\n",
		    v[i].type, bytes_b64(a, v[i].der));
	buf_str(&b, "--latchkey-part--\r\n");
	must(buf_bytes(&b, &out));
	return out;
}
