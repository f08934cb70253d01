// SPDX-License-Identifier: GPL-2.0
/*
 * The CmdSN window (RFC 7143 4.2.2.1).
 */
#include "internal.h"

void iscsip_window_init(struct iscsip_window *w, u32 cmdsn, u32 depth)
{
	w->exp = cmdsn;
	w->depth = depth ? depth : 1;
	w->used = 0;
	w->max = cmdsn + w->depth - 1;
}

enum iscsip_window_verdict iscsip_window_check(const struct iscsip_window *w,
					       u32 cmdsn)
{
	if (iscsip_sn_lt(cmdsn, w->exp) || iscsip_sn_lt(w->max, cmdsn))
		return ISCSIP_WIN_OUTSIDE;
	return cmdsn == w->exp ? ISCSIP_WIN_IN_ORDER : ISCSIP_WIN_GAP;
}

void iscsip_window_advance(struct iscsip_window *w)
{
	w->exp++;
}

void iscsip_window_take(struct iscsip_window *w)
{
	w->used++;
}

void iscsip_window_give(struct iscsip_window *w)
{
	if (w->used)
		w->used--;
}

u32 iscsip_window_max(struct iscsip_window *w)
{
	u32 free = w->depth > w->used ? w->depth - w->used : 0;
	u32 max = w->exp + free - 1;

	/*
	 * A command held for a gap has taken its slot before ExpCmdSN passes it,
	 * so the sum may dip; what was promised stays promised.
	 */
	if (iscsip_sn_lt(w->max, max))
		w->max = max;
	return w->max;
}

bool iscsip_window_seems_shut(const struct iscsip_window *w, u32 told)
{
	return iscsip_sn_lt(told, w->exp) && w->used < w->depth;
}
