// SPDX-License-Identifier: GPL-2.0
/* iSCSI names: types, length, normalisation. */
#include "raw.h"

struct name_case {
	const char *ini, *tgt;
	uint16_t status;
	int ini_pad, tgt_pad;		/* fill up to so many bytes */
};

static const char *padded(const char *name, int len)
{
	int n = strlen(name);

	return len > n ? tap_fmt("%s%s", name, repeat('x', len - n)) : name;
}

static struct pdu *try_names(struct conn *c, const struct name_case *nc)
{
	c->initiator = padded(nc->ini ? nc->ini : env.ini, nc->ini_pad);
	c->target = padded(nc->tgt ? nc->tgt : env.iqn, nc->tgt_pad);
	return first_login(c, "SessionType=Normal\n");
}

static void names_in(const void *arg)
{
	const struct name_case *nc = arg;
	struct conn *c;

	c = login_new(&(struct login_opts){
		.initiator = padded(nc->ini ? nc->ini : env.ini, nc->ini_pad),
		.target = padded(nc->tgt ? nc->tgt : env.iqn, nc->tgt_pad),
		.session = "Normal" });
	scsi_tur(c, 0);
}

static void names_refused(const void *arg)
{
	const struct name_case *nc = arg;
	struct conn *c = conn_open();
	struct pdu *p = try_names(c, nc);

	if (nc->status)
		refused(c, p, nc->status);
	else
		refused_initiator(c, p);
}

/* One key missing, empty or misspelt in the first PDU */
static void keys_refused(const void *arg)
{
	const char *const *a = arg;
	struct conn *c = conn_open();
	char *s = tap_fmt("%s%s%s%s", a[0], a[1], a[2], "SessionType=Normal\n");
	struct pdu *p = login_step(c, LT, 1, 3, "%s", s);

	if (*a[3])
		refused(c, p, strtoul(a[3], NULL, 16));
	else
		refused_initiator(c, p);
}

/* The session made under one spelling is reinstated under the other. */
static void case_same_session(const void *arg)
{
	struct login_opts o = { .session = "Normal" };
	struct conn *a = login_new(&o), *b;

	(void)arg;
	o.isid = a->isid;
	o.initiator = tap_fmt("IQN%s", env.ini + 3);
	b = login_new(&o);
	conn_expect_eof(a);
	scsi_tur(b, 0);
}

static void case_chap_acl(const void *arg)
{
	uint16_t st;

	(void)arg;
	login_new(&(struct login_opts){ .initiator = BASE "CHAP",
		  .session = "Normal", .status = &st });
	CK_EQ(st, 0x0201, "the status of an upper-case name that needs CHAP");
}

static void bad_utf8(const void *arg)
{
	struct conn *c = conn_open();
	struct pdu *p;

	(void)arg;
	c->initiator = BASE "\xff\xfe\xc0\x80";
	p = first_login(c, "SessionType=Normal\n");
	refused_initiator(c, p);
}

#define INI	"InitiatorName=iqn.2003-01.org.example:ini\n"
#define TGT	"TargetName=iqn.2003-01.org.example:raw\n"
static const char *const no_ini[] = { "", TGT, "", "0207" };
static const char *const no_tgt[] = { INI, "", "", "0207" };
static const char *const no_name[] = { "", "", "", "0207" };
static const char *const empty_ini[] = { "InitiatorName=\n", TGT, "", "" };
static const char *const empty_tgt[] = { INI, "TargetName=\n", "", "" };
static const char *const like_ini[] = {
	"InitiatorNameX=iqn.2003-01.org.example:ini\n", TGT, "", "0207" };
static const char *const like_tgt[] = {
	INI, "TargetNameX=iqn.2003-01.org.example:raw\n", "", "0207" };
static const char *const lower_key[] = {
	"initiatorname=iqn.2003-01.org.example:ini\n", TGT, "", "0207" };
static const char *const two_ini[] = { INI, INI, TGT, "0200" };
static const char *const two_tgt[] = { INI, TGT, TGT, "0200" };

#define N(...) &(const struct name_case){ __VA_ARGS__ }
static const struct tap_case cases[] = {
	{ "4.2.7.4", "an initiator with an iqn. name logs in", names_in, N() },
	{ "4.2.7.5", "an initiator with an eui. name logs in", names_in,
	  N(.ini = INI_EUI) },
	{ "4.2.7.6", "an initiator with an naa. name logs in", names_in,
	  N(.ini = INI_NAA) },
	{ "4.2.7.5", "a target with an eui. name takes a login", names_in,
	  N(.tgt = TGT_EUI) },
	{ "4.2.7.6", "a target with an naa. name takes a login", names_in,
	  N(.tgt = TGT_NAA) },
	{ "4.2.7.1", "an InitiatorName in capitals is the same initiator",
	  names_in, N(.ini = "IQN.2003-01.ORG.EXAMPLE:INI") },
	{ "4.2.7.1", "a TargetName in capitals is the same target", names_in,
	  N(.tgt = "IQN.2003-01.org.Example:Raw") },
	{ "4.2.7.5", "an eui. name with capital digits is the same initiator",
	  names_in, N(.ini = "eui.0123456789ABCDEF") },
	{ "4.2.7.1", "capitals in the InitiatorName reinstate the same session",
	  case_same_session },
	{ "4.2.7.1", "capitals in the InitiatorName do not get around CHAP",
	  case_chap_acl },
	{ "4.2.7.1", "a name with an underscore, which hosts have, logs in in demo mode", names_in,
	  N(.ini = "iqn.2003-01.org.example:my_host#1", .tgt = BASE "demo") },
	{ "4.2.7.1", "an InitiatorName of 223 bytes logs in", names_in,
	  N(.ini = BASE "long.", .ini_pad = 223) },
	{ "4.2.7.1", "an InitiatorName of 224 bytes is refused", names_refused,
	  N(.ini = BASE "long.", .ini_pad = 224) },
	{ "4.2.7.1", "an unknown TargetName of 223 bytes is answered with 0203",
	  names_refused, N(.tgt = BASE "l.", .tgt_pad = 223, .status = 0x0203) },
	{ "4.2.7.1", "a TargetName of 224 bytes is refused", names_refused,
	  N(.tgt = BASE "long.", .tgt_pad = 224) },
	{ "6.1", "an InitiatorName of 300 bytes is refused", names_refused,
	  N(.ini = BASE "long.", .ini_pad = 300) },
	{ "4.2.7.3", "an InitiatorName of an unknown type is refused",
	  names_refused, N(.ini = "foo.2003-01.org.example:ini") },
	{ "4.2.7.1", "an InitiatorName with a space in it is refused",
	  names_refused, N(.ini = BASE "in i") },
	{ "4.2.7.2", "an InitiatorName that is not UTF-8 is refused", bad_utf8 },
	{ "11.13.5", "an initiator without an ACL is answered with 0202",
	  names_refused, N(.ini = INI_NONE, .status = 0x0202) },
	{ "11.13.5", "an initiator named like the start of an ACL is answered with 0202",
	  names_refused, N(.ini = BASE "in", .status = 0x0202) },
	{ "11.13.5", "an initiator named like an ACL and more is answered with 0202",
	  names_refused, N(.ini = BASE "inix", .status = 0x0202) },
	{ "11.13.5", "an unknown TargetName is answered with 0203",
	  names_refused, N(.tgt = BASE "unknown", .status = 0x0203) },
	{ "11.13.5", "the start of a TargetName is answered with 0203",
	  names_refused, N(.tgt = BASE "ra", .status = 0x0203) },
	{ "11.13.5", "a TargetName and more is answered with 0203",
	  names_refused, N(.tgt = BASE "rawx", .status = 0x0203) },
	{ "11.13.5", "a target that is on another portal is answered with 0203",
	  names_refused, N(.tgt = IQN_ELSE, .status = 0x0203) },
	{ "11.13.5", "a target that is switched off is answered with 0301",
	  names_refused, N(.tgt = IQN_OFF, .status = 0x0301) },
	{ "11.13.5", "a login without InitiatorName is answered with 0207",
	  keys_refused, no_ini },
	{ "11.13.5", "a login without TargetName is answered with 0207",
	  keys_refused, no_tgt },
	{ "11.13.5", "a login without any name is answered with 0207",
	  keys_refused, no_name },
	{ "6.1", "an empty InitiatorName is refused", keys_refused, empty_ini },
	{ "6.1", "an empty TargetName is refused", keys_refused, empty_tgt },
	{ "6.1", "a key that only begins like InitiatorName does not stand for it",
	  keys_refused, like_ini },
	{ "6.1", "a key that only begins like TargetName does not stand for it",
	  keys_refused, like_tgt },
	{ "6.1", "keys are case sensitive: initiatorname is not InitiatorName",
	  keys_refused, lower_key },
	{ "13.5", "an InitiatorName declared twice is answered with 0200",
	  keys_refused, two_ini },
	{ "13.4", "a TargetName declared twice is answered with 0200",
	  keys_refused, two_tgt },
};

RAW_MAIN(cases)
