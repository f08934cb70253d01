// SPDX-License-Identifier: GPL-2.0
#include "raw.h"

void refused(struct conn *c, struct pdu *p, uint16_t status)
{
	CK(p, "closed without a Login Response, expected status %04x", status);
	CK(LOGIN_STATUS(p) == status, "expected status %04x, got %04x", status,
	   LOGIN_STATUS(p));
	conn_expect_eof(c);
}

void refused_any(struct conn *c, struct pdu *p)
{
	if (p) {
		CK(p->bhs[36] >= 2, "expected a refusal, got status %04x",
		   LOGIN_STATUS(p));
		conn_expect_eof(c);
	}
}

void refused_initiator(struct conn *c, struct pdu *p)
{
	CK(p, "closed without a Login Response, expected status 02xx");
	CK(p->bhs[36] == 2, "expected status 02xx, got %04x", LOGIN_STATUS(p));
	conn_expect_eof(c);
}

struct pdu *first_login(struct conn *c, const char *keys)
{
	return login_step(c, LT, 1, 3, "%s%s", names(c), keys);
}

char *repeat(int ch, size_t n)
{
	char *s = tap_alloc(n + 1);

	memset(s, ch, n);
	return s;
}

/* @list: "A|B|C" */
bool is_one_of(const char *v, const char *list)
{
	size_t n = strlen(v);

	for (; list; list = strchr(list, '|') ? strchr(list, '|') + 1 : NULL)
		if (!strncmp(list, v, n) && (!list[n] || list[n] == '|'))
			return true;
	return false;
}

char *acl_path(const char *ini, const char *file)
{
	return tap_fmt("%s/acls/%s/%s", env.cfg, ini, file);
}
