// SPDX-License-Identifier: GPL-2.0
/* what to do with it, then text */
#include "fuzz.h"

/* Each pair that was read can be written, and read again. */
static void round_trip(const struct iscsip_pair *pair)
{
	u32 size = pair->key_len + pair->value_len + 2;
	struct iscsip_cursor c;
	struct iscsip_pair again;
	struct iscsip_out out;
	char *buf = malloc(size);

	iscsip_out_init(&out, buf, size);
	iscsip_out_pair_n(&out, pair->key, pair->key_len, pair->value, pair->value_len);
	MUST(!out.full && out.len == size);
	iscsip_cursor_init(&c, buf, out.len);
	MUST(iscsip_next_pair(&c, &again) == 1);
	MUST(again.key_len == pair->key_len && again.value_len == pair->value_len);
	MUST(!memcmp(again.key, pair->key, pair->key_len));
	MUST(!iscsip_next_pair(&c, &again));
	iscsip_out_init(&out, buf, size - 1);
	iscsip_out_pair_n(&out, pair->key, pair->key_len, pair->value, pair->value_len);
	MUST(out.full && !out.len);
	free(buf);
}

static void pairs(const char *text, u32 len)
{
	struct iscsip_cursor c;
	struct iscsip_pair pair;
	u32 sum = 0;

	iscsip_cursor_init(&c, text, len);
	while (iscsip_next_pair(&c, &pair) > 0) {
		MUST(pair.key_len && pair.key_len <= ISCSIP_KEY_MAX);
		MUST(pair.value_len <= ISCSIP_VALUE_MAX);
		MUST(!memchr(pair.value, 0, pair.value_len));
		sum += pair.key_len + pair.value_len + 2;
		MUST(sum <= len);
		iscsip_key_find(&pair);
		round_trip(&pair);
	}
}

static void number(const char *text, u32 len)
{
	char buf[64], want[64];
	struct iscsip_out out;
	u64 n;

	if (iscsip_number(text, len, &n))
		return;
	iscsip_out_init(&out, buf, sizeof(buf));
	iscsip_out_number(&out, "N", n);
	snprintf(want, sizeof(want), "N=%llu", n);
	MUST(!out.full && !strcmp(buf, want));
}

static void binary(const char *text, u32 len, u32 max)
{
	u8 *bytes = malloc(max ? max : 1), *again;
	char *buf = malloc(2 * max + 16);
	struct iscsip_out out;
	int ret;

	ret = iscsip_binary(text, len, bytes, max);
	MUST(ret <= (int)max && ret != 0);
	if (ret > 0) {
		iscsip_out_init(&out, buf, 2 * max + 16);
		iscsip_out_hex(&out, "H", bytes, ret);
		MUST(!out.full);
		again = malloc(ret);
		MUST(iscsip_binary(buf + 2, out.len - 3, again, ret) == ret);
		MUST(!memcmp(again, bytes, ret));
		free(again);
	}
	free(buf);
	free(bytes);
}

static void name(const char *text, u32 len)
{
	char *out = malloc(ISCSIP_NAME_MAX + 1), *again;

	if (!iscsip_name_normalize(text, len, out)) {
		MUST(strlen(out) == len);
		again = malloc(ISCSIP_NAME_MAX + 1);
		MUST(!iscsip_name_normalize(out, len, again));
		MUST(!strcmp(out, again));
		free(again);
	}
	free(out);
	out = malloc(len + 1);
	iscsip_printable(text, len, out);
	MUST(strlen(out) == len);
	free(out);
}

static void config(const char *text, u32 len)
{
	struct iscsip_params p;
	const char *value;
	char *s = malloc(len + 1);

	memcpy(s, text, len);
	s[len] = 0;
	value = strchr(s, '=');
	if (value) {
		s[value - s] = 0;
		iscsip_params_default(&p);
		iscsip_key_check(s, value + 1, &p);
		MUST(p.auth_methods.n <= 2 && p.header_digests.n <= 2);
		MUST(p.max_burst >= 512 && p.first_burst >= 512);
		p.first_burst = iscsip_min(p.first_burst, p.max_burst);
		p.data_pdu_in_order = true;
		p.data_sequence_in_order = true;
		p.max_outstanding_r2t = p.error_recovery_level ? 1 : p.max_outstanding_r2t;
		check_params(&p);
	}
	free(s);
}

static void text_request(const char *text, u32 len, u32 size)
{
	struct iscsip_text t = { 0 };
	struct iscsip_pair st;
	struct iscsip_out out;
	char *buf = malloc(size);
	struct iscsip_verdict v;

	iscsip_out_init(&out, buf, size);
	v = iscsip_text_step(&t, text, len, &out, &st);
	check_verdict(v);
	check_out(&out);
	MUST(v.action == ISCSIP_OK || v.action == ISCSIP_REJECT);
	MUST(!t.mrdsl || (t.mrdsl >= 512 && t.mrdsl < 1 << 24));
	if (v.action == ISCSIP_OK)
		MUST(iscsip_text_asked(&t) == !!st.key);
	if (v.action == ISCSIP_OK && st.key)
		MUST(iscsip_pair_is(&st, "SendTargets"));
	free(buf);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text;
	u8 what;

	if (!size)
		return 0;
	what = data[0];
	text = copy_of(data + 1, size - 1);
	switch (what & 7) {
	case 0:
		pairs(text, size - 1);
		break;
	case 1:
		number(text, size - 1);
		break;
	case 2:
		binary(text, size - 1, 1 + (what >> 3) * 33);
		break;
	case 3:
		name(text, size - 1);
		break;
	case 4:
		config(text, size - 1);
		break;
	default:
		text_request(text, size - 1, what & 8 ? 100 : 65536);
	}
	free(text);
	return 0;
}
