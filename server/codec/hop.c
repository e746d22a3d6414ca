#include "codec/hop.h"

#include <arpa/inet.h>
#include <strings.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/mem.h"

#define MAX_NODE 64 /* brackets, an IPv6 address, a port */

const struct err ERR_BAD_HOP = { KIND_INVALID, "bad-proxy-header",
	"What the proxy says of its client is missing or malformed." };

/* One Byte Sequence off the front (RFC 8941 section 3.3.5).  bytes_from_b64
 * takes white space, which may not stand here. */
static bool
take_item(struct arena *a, struct bytes *in, struct bytes *out)
{
	struct bytes text;
	const uint8_t *end;
	size_t i;

	if (in->n < 2 || in->p[0] != ':')
		return false;
	end = memchr(in->p + 1, ':', in->n - 1);
	if (end == NULL)
		return false;
	text = (struct bytes){ in->p + 1, (size_t)(end - in->p) - 1 };
	for (i = 0; i < text.n; i++)
		if (text.p[i] <= ' ')
			return false;
	in->n -= text.n + 2;
	in->p = end + 1;
	return text.n <= LIMIT_CERT / 3 * 4 + 4 &&
	       bytes_from_b64(a, text, out) && out->n > 0 &&
	       out->n <= LIMIT_CERT;
}

static bool
take_byte(struct bytes *in, uint8_t c)
{
	if (in->n == 0 || in->p[0] != c)
		return false;
	in->p++;
	in->n--;
	return true;
}

static void
skip_space(struct bytes *in)
{
	while (take_byte(in, ' ') || take_byte(in, '\t'))
		continue;
}

/* The members of a List (RFC 8941 section 4.2.1) after the leaf. */
static ERR_FN
read_list(struct ctx *cx, struct bytes in, struct hop_chain *out)
{
	do {
		struct bytes der;

		skip_space(&in);
		if (!take_item(cx->arena, &in, &der))
			return fail(cx, &ERR_BAD_HOP,
			    "Client-Cert-Chain: no byte sequence");
		if (out->n < LIMIT_CHAIN)
			out->cert[out->n++] = der;
		else
			out->too_long = true;
		skip_space(&in);
	} while (take_byte(&in, ','));
	if (in.n > 0)
		return fail(cx, &ERR_BAD_HOP,
		    "Client-Cert-Chain: %zu trailing bytes", in.n);
	return NULL;
}

const struct err *
hop_chain_read(struct ctx *cx, struct bytes cert, struct bytes chain,
    struct hop_chain *out)
{
	*out = (struct hop_chain){ .n = 0 };
	if (cert.p == NULL && chain.p == NULL)
		return NULL;
	/* RFC 9440 section 2.3. */
	if (cert.p == NULL)
		return fail(
		    cx, &ERR_BAD_HOP, "Client-Cert-Chain without Client-Cert");
	/* Section 2.2: an Item that is a Byte Sequence. */
	if (!take_item(cx->arena, &cert, &out->cert[0]) || cert.n > 0)
		return fail(cx, &ERR_BAD_HOP, "Client-Cert: no byte sequence");
	out->n = 1;
	return chain.p == NULL ? NULL : read_list(cx, chain, out);
}

enum param { PARAM_FOR, PARAM_BY, PARAM_HOST, PARAM_PROTO, PARAMS };

static const char *const param_names[PARAMS] = { "for", "by", "host", "proto" };

static bool
is_tchar(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_quotable(uint8_t c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* As many bytes as fit, off the front. */
static struct bytes
take_while(struct bytes *in, bool (*fits)(uint8_t))
{
	struct bytes out = { in->p, 0 };

	while (out.n < in->n && fits(in->p[out.n]))
		out.n++;
	in->p += out.n;
	in->n -= out.n;
	return out;
}

/* token / quoted-string (RFC 9110 section 5.6), the latter without escapes,
 * which no address or name needs. */
static bool
take_value(struct bytes *in, struct bytes *out)
{
	if (!take_byte(in, '"')) {
		*out = take_while(in, is_tchar);
		return out->n > 0;
	}
	*out = take_while(in, is_quotable);
	return take_byte(in, '"');
}

/* forwarded-pair, RFC 7239 section 4; each once, names without case. */
static bool
take_pair(struct bytes *in, struct bytes values[PARAMS])
{
	struct bytes name = take_while(in, is_tchar), value;
	size_t i;

	if (!take_byte(in, '=') || !take_value(in, &value))
		return false;
	for (i = 0; i < PARAMS; i++)
		if (name.n == strlen(param_names[i]) &&
		    strncasecmp((const char *)name.p, param_names[i], name.n) ==
			0)
			break;
	if (i == PARAMS || values[i].p != NULL)
		return false;
	values[i] = value;
	return true;
}

/* Ends the text at its port, if it has one: 1*5DIGIT (RFC 7239 section
 * 6). */
static bool
cut_port(char *port)
{
	size_t n;

	if (*port == '\0')
		return true;
	if (*port != ':')
		return false;
	*port++ = '\0';
	n = strspn(port, "0123456789");
	return n > 0 && n <= 5 && port[n] == '\0';
}

/* node = nodename [ ":" node-port ] (RFC 7239 section 6), a name that is an
 * address. */
static const char *
read_node(struct arena *a, struct bytes node)
{
	char text[MAX_NODE + 1], canonical[INET6_ADDRSTRLEN], *name = text;
	struct in6_addr addr;
	int family = AF_INET;
	char *end;

	if (node.n > MAX_NODE)
		return NULL;
	(void)snprintf(
	    text, sizeof(text), "%.*s", (int)node.n, (const char *)node.p);
	if (*name == '[') {
		family = AF_INET6;
		end = strchr(++name, ']');
		if (end == NULL)
			return NULL;
		*end++ = '\0';
	} else {
		end = name + strcspn(name, ":");
	}
	if (!cut_port(end) || inet_pton(family, name, &addr) != 1)
		return NULL;
	must(inet_ntop(family, &addr, canonical, sizeof(canonical)) != NULL);
	return arena_strdup(a, canonical);
}

const struct err *
hop_forwarded_read(struct ctx *cx, struct bytes text, const char **address)
{
	struct bytes values[PARAMS] = { BYTES_NONE }, proto;

	do {
		if (!take_pair(&text, values))
			return fail(cx, &ERR_BAD_HOP, "Forwarded: malformed");
	} while (take_byte(&text, ';'));
	if (text.n > 0)
		return fail(cx, &ERR_BAD_HOP,
		    "Forwarded: more than our proxy's own element");
	proto = values[PARAM_PROTO];
	if (proto.p != NULL &&
	    (proto.n != 5 ||
		strncasecmp((const char *)proto.p, "https", 5) != 0))
		return fail(cx, &ERR_BAD_HOP, "Forwarded: proto is not https");
	*address = values[PARAM_FOR].p == NULL
		       ? NULL
		       : read_node(cx->arena, values[PARAM_FOR]);
	if (*address == NULL)
		return fail(
		    cx, &ERR_BAD_HOP, "Forwarded: \"for\" is no address");
	return NULL;
}
