/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure protocol layer needs from a kernel, for builds in user space.
 */
#ifndef TCM_ISCSI_ISCSIP_USER_H
#define TCM_ISCSI_ISCSIP_USER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* the kernel's own choice, so that format warnings are the same */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;

#ifndef U16_MAX
#define U16_MAX	((u16)~0U)
#endif
#ifndef U32_MAX
#define U32_MAX	((u32)~0U)
#endif
#ifndef sizeof_field
#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#endif
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#endif
