// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

static void compare(void)
{
	CHECK(iscsip_sn_lt(1, 2));
	CHECK(!iscsip_sn_lt(2, 2));
	CHECK(!iscsip_sn_lt(3, 2));
	CHECK(iscsip_sn_lte(2, 2));
	CHECK(iscsip_sn_lt(0xffffffff, 0));
	CHECK(iscsip_sn_lt(0xfffffff0, 0x10));
	CHECK(!iscsip_sn_lt(0x10, 0xfffffff0));
	CHECK(iscsip_sn_lte(0xffffffff, 0xffffffff));
	CHECK(iscsip_sn_lt(0, 0x7fffffff));
	CHECK(!iscsip_sn_lt(0x7fffffff, 0));
}

static const struct {
	const char *name;
	u32 first, depth, cmdsn;
	enum iscsip_window_verdict want;
} checks[] = {
	{ "4.2.2.1 ExpCmdSN is in order", 100, 8, 100, ISCSIP_WIN_IN_ORDER },
	{ "4.2.2.1 the next but one leaves a gap", 100, 8, 101, ISCSIP_WIN_GAP },
	{ "4.2.2.1 MaxCmdSN itself is inside", 100, 8, 107, ISCSIP_WIN_GAP },
	{ "4.2.2.1 above MaxCmdSN is outside", 100, 8, 108, ISCSIP_WIN_OUTSIDE },
	{ "4.2.2.1 below ExpCmdSN is outside", 100, 8, 99, ISCSIP_WIN_OUTSIDE },
	{ "4.2.2.1 half the number space away is outside", 100, 8, 100 + 0x80000000u,
	  ISCSIP_WIN_OUTSIDE },
	{ "4.2.2.1 a window over the wrap takes ExpCmdSN", 0xfffffffe, 8, 0xfffffffe,
	  ISCSIP_WIN_IN_ORDER },
	{ "4.2.2.1 a window over the wrap takes numbers after it", 0xfffffffe, 8, 5,
	  ISCSIP_WIN_GAP },
	{ "4.2.2.1 a window over the wrap ends after it", 0xfffffffe, 8, 6,
	  ISCSIP_WIN_OUTSIDE },
	{ "4.2.2.1 before a window that begins at 0 is outside", 0, 8, 0xffffffff,
	  ISCSIP_WIN_OUTSIDE },
	{ "4.2.2.1 a depth of 0 counts as 1", 7, 0, 8, ISCSIP_WIN_OUTSIDE },
};

static void table(void)
{
	struct iscsip_window w;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		iscsip_window_init(&w, checks[i].first, checks[i].depth);
		CASE(checks[i].name,
		     CHECK_EQ(iscsip_window_check(&w, checks[i].cmdsn), checks[i].want));
	}
}

static void fills_up(void)
{
	struct iscsip_window w;
	u32 i;

	iscsip_window_init(&w, 0xfffffffd, 4);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(iscsip_window_check(&w, 0xfffffffd + i), ISCSIP_WIN_IN_ORDER);
		iscsip_window_take(&w);
		iscsip_window_advance(&w);
		CHECK_EQ(iscsip_window_max(&w), 0);
	}
	/* closed: MaxCmdSN is ExpCmdSN - 1, so even ExpCmdSN is outside */
	CHECK_EQ(w.max, w.exp - 1);
	CHECK(!iscsip_window_seems_shut(&w, w.max));
	CHECK_EQ(iscsip_window_check(&w, w.exp), ISCSIP_WIN_OUTSIDE);
	iscsip_window_give(&w);
	CHECK(iscsip_window_seems_shut(&w, w.max));
	CHECK_EQ(iscsip_window_max(&w), 1);
	CHECK(!iscsip_window_seems_shut(&w, w.max));
	CHECK_EQ(iscsip_window_check(&w, w.exp), ISCSIP_WIN_IN_ORDER);
}

static void never_back(void)
{
	struct iscsip_window w;

	iscsip_window_init(&w, 10, 8);
	CHECK_EQ(iscsip_window_max(&w), 17);
	iscsip_window_take(&w);		/* held for a gap: no advance */
	CHECK_EQ(iscsip_window_max(&w), 17);
	w.depth = 2;
	CHECK_EQ(iscsip_window_max(&w), 17);
	w.used = 5;			/* more than the new depth */
	CHECK_EQ(iscsip_window_max(&w), 17);
	w.used = 0;
	iscsip_window_give(&w);
	CHECK_EQ(w.used, 0);
	w.exp = 20;
	CHECK_EQ(iscsip_window_max(&w), 21);
}

/* Whatever happens: MaxCmdSN never falls, and is never below ExpCmdSN - 1. */
static void random_walk(void)
{
	struct iscsip_window w;
	u32 i, last, max;

	srand(1);
	iscsip_window_init(&w, 0xffffff00, 1 + rand() % 64);
	last = w.max;
	for (i = 0; i < 200000; i++) {
		if (rand() % 2 && iscsip_window_check(&w, w.exp) == ISCSIP_WIN_IN_ORDER) {
			iscsip_window_take(&w);
			iscsip_window_advance(&w);
		} else {
			iscsip_window_give(&w);
		}
		if (rand() % 1000 == 0)
			w.depth = 1 + rand() % 64;
		max = iscsip_window_max(&w);
		CHECK(!iscsip_sn_lt(max, last));
		CHECK(!iscsip_sn_lt(max, w.exp - 1));
		last = max;
	}
	CHECK(w.exp < 0xffffff00);	/* it has wrapped */
}

int main(void)
{
	CASE("RFC 1982: serial numbers compare around the wrap", compare());
	table();
	CASE("4.2.2.1 a full window closes, and opens with each slot given back",
	     fills_up());
	CASE("4.2.2.1 MaxCmdSN never goes back", never_back());
	CASE("4.2.2.1 MaxCmdSN is never below ExpCmdSN - 1, in 200000 random steps",
	     random_walk());
	return done();
}
