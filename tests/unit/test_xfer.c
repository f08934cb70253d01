// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#define PROTO	ISCSIP_REJECT, ISCSIP_REJ_PROTOCOL
#define FIELD	ISCSIP_REJECT, ISCSIP_REJ_INVALID_FIELD
#define FINE	ISCSIP_OK, 0
#define AMOUNT	ISCSIP_COND_AMOUNT
#define CRC	ISCSIP_COND_CRC
#define UNSOLICITED	ISCSIP_COND_UNSOLICITED

static struct iscsip_params params(bool initial_r2t, bool immediate, u32 max_burst,
				   u32 first_burst, u16 r2ts)
{
	struct iscsip_params p;

	iscsip_params_default(&p);
	p.initial_r2t = initial_r2t;
	p.immediate_data = immediate;
	p.max_burst = max_burst;
	p.first_burst = first_burst;
	p.max_outstanding_r2t = r2ts;
	return p;
}

/* ---- the command itself ------------------------------------------------- */

static const struct init {
	const char *name;
	bool initial_r2t, immediate;
	u32 edtl, imm;
	bool final;
	enum iscsip_action action;
	u32 code, unsol_end, r2t_next;
} inits[] = {
	{ "13.11 immediate data is taken with ImmediateData=Yes",
	  true, true, 8192, 4096, true, FINE, 4096, 4096 },
	{ "13.11 immediate data is refused with ImmediateData=No",
	  true, false, 8192, 1, true, PROTO, 0, 0 },
	{ "13.11 without any immediate data ImmediateData=No is no matter",
	  true, false, 8192, 0, true, FINE, 0, 0 },
	{ "13.14 immediate data may fill FirstBurstLength",
	  true, true, 100000, 65536, true, FINE, 65536, 65536 },
	{ "13.14 immediate data over FirstBurstLength is refused",
	  true, true, 100000, 65537, true, PROTO, 0, 0 },
	{ "11.3.4 immediate data over the expected length is refused",
	  true, true, 512, 513, true, PROTO, 0, 0 },
	{ "13.10 F=0 is refused with InitialR2T=Yes",
	  true, true, 8192, 0, false, PROTO, 0, 0 },
	{ "13.10 F=0 announces unsolicited data with InitialR2T=No",
	  false, true, 8192, 0, false, FINE, 8192, 8192 },
	{ "13.14 unsolicited data end at FirstBurstLength",
	  false, true, 100000, 512, false, FINE, 65536, 65536 },
	{ "13.10 F=1 with InitialR2T=No waits for no unsolicited data",
	  false, true, 100000, 512, true, FINE, 512, 512 },
	{ "11.3.4 F=0 is refused once immediate data fill the expected length",
	  false, true, 512, 512, false, PROTO, 0, 0 },
	{ "13.14 F=0 is refused once immediate data fill the first burst",
	  false, true, 100000, 65536, false, PROTO, 0, 0 },
	{ "13.10 unsolicited data without immediate data follow ImmediateData=No",
	  false, false, 8192, 0, false, FINE, 8192, 8192 },
	{ "11.3.1 a write of nothing is complete at once",
	  true, true, 0, 0, true, FINE, 0, 0 },
	{ "11.3.1 F=0 is refused for a write of nothing",
	  false, true, 0, 0, false, PROTO, 0, 0 },
};

static void init_table(void)
{
	struct iscsip_xfer x;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(inits); i++) {
		const struct init *t = &inits[i];
		struct iscsip_params p = params(t->initial_r2t, t->immediate,
						262144, 65536, 1);

		case_good = true;
		CHECK_VERDICT(iscsip_xfer_write_init(&x, &p, t->edtl, t->imm,
						     t->final), t->action, t->code);
		if (t->action == ISCSIP_OK) {
			CHECK_EQ(x.received, t->imm);
			CHECK_EQ(x.unsolicited, !t->final);
			CHECK_EQ(x.unsol_end, t->unsol_end);
			CHECK_EQ(x.r2t_next, t->r2t_next);
			CHECK_EQ(iscsip_xfer_complete(&x),
				 t->final && t->imm == t->edtl);
		}
		ok(case_good, t->name);
	}
}

/* ---- Data-Out ------------------------------------------------------------- */

static struct iscsip_req data_out(u32 ttt, u32 datasn, u32 offset, u32 len, bool final)
{
	struct iscsip_req req;

	memset(&req, 0, sizeof(req));
	req.opcode = ISCSIP_OP_DATA_OUT;
	req.ttt = ttt;
	req.final = final;
	req.dsl = len;
	req.data_out.datasn = datasn;
	req.data_out.offset = offset;
	return req;
}

static const struct out {
	const char *name;
	u32 ttt, datasn, offset, len;
	bool final;
	enum iscsip_action action;
	u32 code;
	enum iscsip_condition cond;
} unsolicited[] = {
	{ "11.7 the next part of unsolicited data is taken",
	  -1, 1, 1024, 1024, false, FINE },
	{ "11.7 unsolicited data may end their burst in one PDU",
	  -1, 1, 1024, 3072, true, FINE },
	{ "11.7.6 unsolicited data at a later offset are refused",
	  -1, 1, 1536, 512, false, FIELD, AMOUNT },
	{ "11.7.6 unsolicited data at an earlier offset are refused",
	  -1, 1, 512, 512, false, FIELD, AMOUNT },
	{ "11.7.5 a DataSN that skips one is refused", -1, 2, 1024, 512, false, PROTO, CRC },
	{ "11.7.5 a DataSN that comes again is refused", -1, 0, 1024, 512, false, PROTO, CRC },
	{ "13.14 unsolicited data past the first burst are refused",
	  -1, 1, 1024, 3073, true, PROTO, AMOUNT },
	{ "13.14 a length that wraps is refused",
	  -1, 1, 1024, 0xfffffff0, true, PROTO, AMOUNT },
	{ "11.7.1 F before the end of the first burst is refused",
	  -1, 1, 1024, 512, true, PROTO, AMOUNT },
	{ "11.7.1 the end of the first burst may be left to an empty PDU with F",
	  -1, 1, 1024, 3072, false, FINE },
	{ "11.7.7 an empty Data-Out is taken", -1, 1, 1024, 0, false, FINE },
	{ "11.7.4 a transfer tag that was never given is refused",
	  7, 0, 4096, 512, false, FIELD, AMOUNT },
}, solicited[] = {
	{ "11.8 the next part of a solicited burst is taken",
	  5, 1, 1512, 256, false, FINE },
	{ "11.8 the last part of a solicited burst is taken",
	  5, 1, 1512, 488, true, FINE },
	{ "11.8 the second R2T may not be answered before the first",
	  6, 0, 2000, 1000, true, PROTO, AMOUNT },
	{ "11.8 an unknown transfer tag is refused", 9, 1, 1512, 488, true, FIELD, AMOUNT },
	{ "11.7.4 unsolicited data that were not announced are refused",
	  -1, 0, 1512, 488, true, PROTO, UNSOLICITED },
	{ "11.8 a solicited part at the wrong offset is refused",
	  5, 1, 1513, 487, true, FIELD, AMOUNT },
	{ "11.7.5 a solicited DataSN out of order is refused",
	  5, 2, 1512, 488, true, PROTO, CRC },
	{ "11.8 data past the end of the burst are refused",
	  5, 1, 1512, 489, true, PROTO, AMOUNT },
	{ "11.7.1 F before the end of a solicited burst is refused",
	  5, 1, 1512, 100, true, PROTO, AMOUNT },
	{ "11.7.1 the end of a solicited burst may be left to an empty PDU with F",
	  5, 1, 1512, 488, false, FINE },
};

static void out_table(const struct iscsip_xfer *x, const struct out *t, u32 n)
{
	struct iscsip_req req;

	for (; n--; t++) {
		req = data_out(t->ttt, t->datasn, t->offset, t->len, t->final);
		CASE(t->name, CHECK_VERDICT(iscsip_xfer_data_out(x, &req),
					    t->action, t->code);
		     CHECK(t->action != ISCSIP_REJECT ||
			   iscsip_xfer_condition(x, &req) == t->cond));
	}
}

static void outs(void)
{
	struct iscsip_params p = params(false, true, 1000, 4096, 2);
	u32 r2tsn, offset, len;
	struct iscsip_xfer x;
	struct iscsip_req req;

	/* 512 immediate, 512 unsolicited; the first burst ends at 4096 */
	CASE("11.3 immediate and unsolicited data go together",
	     CHECK_VERDICT(iscsip_xfer_write_init(&x, &p, 10000, 512, false), FINE));
	req = data_out(-1, 0, 512, 512, false);
	iscsip_xfer_data_done(&x, &req);
	CASE("11.8 there is no R2T while unsolicited data are under way",
	     CHECK(!iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	     CHECK(!iscsip_xfer_complete(&x)));
	out_table(&x, unsolicited, ARRAY_SIZE(unsolicited));

	/* two R2Ts open, half of the first one's data here */
	p.initial_r2t = true;
	iscsip_xfer_write_init(&x, &p, 3500, 0, true);
	x.r2t_next = 1000;
	x.received = 1000;
	CASE("11.8 an R2T asks for no more than MaxBurstLength",
	     CHECK(iscsip_xfer_next_r2t(&x, &p, 5, &r2tsn, &offset, &len));
	     CHECK_EQ(r2tsn, 0); CHECK_EQ(offset, 1000); CHECK_EQ(len, 1000));
	CASE("13.17 MaxOutstandingR2T allows a second R2T",
	     CHECK(iscsip_xfer_next_r2t(&x, &p, 6, &r2tsn, &offset, &len));
	     CHECK_EQ(r2tsn, 1); CHECK_EQ(offset, 2000); CHECK_EQ(len, 1000));
	CASE("13.17 MaxOutstandingR2T forbids a third R2T",
	     CHECK(!iscsip_xfer_next_r2t(&x, &p, 7, &r2tsn, &offset, &len)));
	req = data_out(5, 0, 1000, 512, false);
	iscsip_xfer_data_done(&x, &req);
	out_table(&x, solicited, ARRAY_SIZE(solicited));
	req = data_out(5, 1, 1512, 488, true);
	iscsip_xfer_data_done(&x, &req);
	CASE("13.17 a satisfied R2T makes room for the next, which asks for the rest",
	     CHECK(iscsip_xfer_next_r2t(&x, &p, 7, &r2tsn, &offset, &len));
	     CHECK_EQ(r2tsn, 2); CHECK_EQ(offset, 3000); CHECK_EQ(len, 500));
	CASE("11.8 nothing is asked for twice",
	     CHECK(!iscsip_xfer_next_r2t(&x, &p, 8, &r2tsn, &offset, &len)));
	req = data_out(7, 0, 3000, 500, true);
	CASE("11.8 R2Ts are to be answered in their order",
	     CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), PROTO));
}

static void less_wanted(void)
{
	struct iscsip_params p = params(true, true, 4096, 65536, 1);
	u32 r2tsn, offset, len;
	struct iscsip_xfer x;

	iscsip_xfer_write_init(&x, &p, 8192, 1024, true);
	x.want = 2048;
	CHECK(iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	CHECK_EQ(offset, 1024);
	CHECK_EQ(len, 1024);
	iscsip_xfer_write_init(&x, &p, 8192, 1024, true);
	x.want = 512;
	CHECK(!iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	CHECK(iscsip_xfer_complete(&x));
}

/* All bytes are there, but the burst is not over before its F. */
static void late_final(void)
{
	struct iscsip_params p = params(false, true, 1000, 1000, 1);
	u32 r2tsn, offset, len;
	struct iscsip_xfer x;
	struct iscsip_req req;

	iscsip_xfer_write_init(&x, &p, 2000, 0, false);
	req = data_out(-1, 0, 0, 1000, false);
	CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), FINE);
	iscsip_xfer_data_done(&x, &req);
	CHECK(!iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	req = data_out(-1, 1, 1000, 1, true);
	CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), PROTO);
	req = data_out(-1, 1, 1000, 0, true);
	CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), FINE);
	iscsip_xfer_data_done(&x, &req);
	CHECK(iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	req = data_out(1, 0, 1000, 1000, false);
	CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), FINE);
	iscsip_xfer_data_done(&x, &req);
	CHECK(!iscsip_xfer_complete(&x));
	req = data_out(1, 1, 2000, 0, true);
	CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), FINE);
	iscsip_xfer_data_done(&x, &req);
	CHECK(iscsip_xfer_complete(&x));
}

/* What is owed when a write ends early, and how F settles it, right or wrong. */
static void rest(void)
{
	struct iscsip_params p = params(false, true, 1000, 1000, 2);
	u32 r2tsn, offset, len;
	struct iscsip_xfer x;
	struct iscsip_req req;

	iscsip_xfer_write_init(&x, &p, 4000, 500, false);
	CHECK(iscsip_xfer_owed(&x));
	req = data_out(-1, 7, 3, 1, false);
	iscsip_xfer_rest(&x, &req);
	CHECK(iscsip_xfer_owed(&x));
	req = data_out(-1, 9, 3, 1, true);
	iscsip_xfer_rest(&x, &req);
	CHECK(!iscsip_xfer_owed(&x));
	iscsip_xfer_rest(&x, &req);
	CHECK(!iscsip_xfer_owed(&x));
	CHECK(iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len));
	CHECK(iscsip_xfer_next_r2t(&x, &p, 2, &r2tsn, &offset, &len));
	iscsip_xfer_rest(&x, &req);
	CHECK(iscsip_xfer_owed(&x));
	req = data_out(77, 0, 0, 0, false);
	iscsip_xfer_rest(&x, &req);
	CHECK_EQ(x.r2t_open, 1);
	req = data_out(77, 0, 0, 0, true);
	iscsip_xfer_rest(&x, &req);
	CHECK(!iscsip_xfer_owed(&x));
	iscsip_xfer_rest(&x, &req);
	CHECK_EQ(x.r2t_open, 0);
}

/* ---- any legal sequence ------------------------------------------------------ */

/* Sends what @x asks for in PDUs of random size; each byte has to come once. */
struct sender {
	struct iscsip_xfer x;
	struct iscsip_params p;
	u8 *count;
	u32 edtl, imm, mrdsl;
};

static void count_bytes(struct sender *s, u32 offset, u32 len)
{
	CHECK(offset <= s->edtl && len <= s->edtl - offset);
	while (case_good && len--)
		s->count[offset++]++;
}

static void send_burst(struct sender *s, u32 ttt, u32 pos, u32 end)
{
	struct iscsip_req req;
	u32 datasn = 0, n;

	do {
		n = iscsip_min(end - pos, rand() % 8 ? 1 + rand() % s->mrdsl : 0);
		req = data_out(ttt, datasn++, pos, n, pos + n == end);
		CHECK_VERDICT(iscsip_xfer_data_out(&s->x, &req), FINE);
		count_bytes(s, pos, n);
		iscsip_xfer_data_done(&s->x, &req);
		pos += n;
		CHECK_EQ(s->x.received, pos);
	} while (pos < end && case_good);
}

static void random_write(struct sender *s)
{
	u32 ttt[ISCSIP_R2T_MAX], from[ISCSIP_R2T_MAX], to[ISCSIP_R2T_MAX];
	u32 open = 0, next = 0, tag = 1, r2tsn, offset, len, first, i;
	bool final;

	first = iscsip_min(s->p.first_burst, s->edtl);
	s->imm = s->p.immediate_data && first ? rand() % (first + 1) : 0;
	final = s->p.initial_r2t || s->imm == first || rand() % 2;
	CHECK_VERDICT(iscsip_xfer_write_init(&s->x, &s->p, s->edtl, s->imm, final), FINE);
	count_bytes(s, 0, s->imm);
	if (!final)
		send_burst(s, ISCSIP_TAG_RESERVED, s->imm, first);
	while (!iscsip_xfer_complete(&s->x) && case_good) {
		while (iscsip_xfer_next_r2t(&s->x, &s->p, tag, &r2tsn, &offset, &len)) {
			CHECK(len && len <= s->p.max_burst);
			CHECK_EQ(r2tsn, next++);
			CHECK(open < s->p.max_outstanding_r2t && open < ISCSIP_R2T_MAX);
			if (!case_good)
				return;
			ttt[open] = tag++;
			from[open] = offset;
			to[open++] = offset + len;
			if (rand() % 2)
				break;
		}
		CHECK(open);
		if (!case_good)
			return;
		send_burst(s, ttt[0], from[0], to[0]);
		open--;
		for (i = 0; i < open; i++) {
			ttt[i] = ttt[i + 1];
			from[i] = from[i + 1];
			to[i] = to[i + 1];
		}
	}
}

static void random_writes(void)
{
	struct sender s;
	u32 i, b;

	srand(2);
	for (i = 0; i < 3000 && case_good; i++) {
		s.edtl = rand() % 4 ? rand() % 40000 : rand() % 10;
		s.mrdsl = 1 + rand() % 4096;
		s.p = params(rand() % 2, rand() % 2, 512 + rand() % 8192,
			     512 + rand() % 8192, 1 + rand() % 20);
		s.count = calloc(1, s.edtl + 1);
		random_write(&s);
		for (b = 0; b < s.edtl && case_good; b++)
			CHECK_EQ(s.count[b], 1);
		free(s.count);
	}
}

static void random_reads(void)
{
	struct iscsip_params p;
	struct iscsip_xfer x;
	u32 i, total, next, datasn, offset, len, burst, want_sn;
	bool final, last;

	srand(3);
	for (i = 0; i < 3000 && case_good; i++) {
		p = params(true, true, 512 + rand() % 8192, 512, 1);
		p.mrdsl_remote = 512 + rand() % 8192;
		total = rand() % 100000;
		iscsip_xfer_read_init(&x, total);
		next = 0;
		burst = 0;
		want_sn = 0;
		last = false;
		final = false;
		while (iscsip_xfer_next_data_in(&x, &p, &datasn, &offset, &len, &final,
						&last)) {
			CHECK_EQ(datasn, want_sn++);
			CHECK_EQ(offset, next);
			CHECK(len && len <= p.mrdsl_remote);
			CHECK(final || !(len & 3));
			next += len;
			burst += len;
			CHECK(burst <= p.max_burst);
			CHECK_EQ(last, next == total);
			CHECK_EQ(final, last || burst == p.max_burst);
			if (final)
				burst = 0;
			if (!case_good)
				return;
		}
		CHECK_EQ(next, total);
		CHECK(last || !total);
	}
}

static void read_of_nothing(void)
{
	struct iscsip_params p = params(true, true, 512, 512, 1);
	u32 datasn, offset, len;
	struct iscsip_xfer x;
	bool final, last;

	iscsip_xfer_read_init(&x, 0);
	CHECK(!iscsip_xfer_next_data_in(&x, &p, &datasn, &offset, &len, &final, &last));
	/* a limit that cannot be: rather nothing than the same for ever */
	p.mrdsl_remote = 0;
	iscsip_xfer_read_init(&x, 10);
	CHECK(!iscsip_xfer_next_data_in(&x, &p, &datasn, &offset, &len, &final, &last));
}

/* Bursts that end at the very last byte of a 32-bit length */
static void huge_write(void)
{
	struct iscsip_params p = params(true, true, (1 << 24) - 1, 65536, 8);
	u32 r2tsn, offset, len, sum = 0, n = 0;
	struct iscsip_xfer x;
	struct iscsip_req req;

	CHECK_VERDICT(iscsip_xfer_write_init(&x, &p, U32_MAX, 0, true), FINE);
	while (iscsip_xfer_next_r2t(&x, &p, 1, &r2tsn, &offset, &len)) {
		CHECK_EQ(offset, sum);
		CHECK_EQ(r2tsn, n++);
		sum += len;
		req = data_out(1, 0, offset, len, true);
		CHECK_VERDICT(iscsip_xfer_data_out(&x, &req), FINE);
		iscsip_xfer_data_done(&x, &req);
	}
	CHECK_EQ(sum, U32_MAX);
	CHECK(iscsip_xfer_complete(&x));
}

int main(void)
{
	init_table();
	outs();
	CASE("11.7.1 a burst ends with F, even if an empty Data-Out has it", late_final());
	CASE("11.4.2 F settles what a write owes that has ended", rest());
	CASE("11.4.5 only what is wanted is asked for", less_wanted());
	CASE("11.8 a write of 4 GiB less one byte is asked for to its last byte",
	     huge_write());
	CASE("11.7, 11.8 every byte of 3000 random writes comes once, within the limits",
	     random_writes());
	CASE("11.7 every byte of 3000 random reads goes once, within the limits",
	     random_reads());
	CASE("11.7 a read of nothing has no Data-In", read_of_nothing());
	return done();
}
