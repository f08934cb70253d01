// SPDX-License-Identifier: GPL-2.0
/* The target's configuration, through configfs. */
#include "iscsi_client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct undo {
	const char *path, *value;
};

static const char *full(const char *path)
{
	return *path == '/' ? path : tap_fmt("/sys/kernel/config/target/%s", path);
}

bool cfg_try(const char *path, const char *value)
{
	int fd = open(full(path), O_WRONLY), err;
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	err = errno;
	close(fd);
	errno = err;
	return n == (ssize_t)strlen(value);
}

void cfg_write(const char *path, const char *value)
{
	if (!cfg_try(path, value))
		FAIL("writing %s to %s: %s", value, path, strerror(errno));
}

char *cfg_read(const char *path)
{
	char *b = tap_alloc(65537);
	int fd = open(full(path), O_RDONLY);
	ssize_t n;

	if (fd < 0)
		FAIL("%s: %s", path, strerror(errno));
	n = read(fd, b, 65536);
	close(fd);
	if (n < 0)
		FAIL("reading %s: %s", path, strerror(errno));
	while (n && b[n - 1] == '\n')
		b[--n] = 0;
	return b;
}

static void undo(void *arg)
{
	struct undo *u = arg;

	cfg_write(u->path, u->value);
}

void cfg_set(const char *path, const char *value)
{
	struct undo *u = tap_alloc(sizeof(*u));

	u->path = tap_fmt("%s", path);
	u->value = cfg_read(path);
	if (!*u->value)
		u->value = strstr(path, "/auth/") ? "NULL" : "";
	tap_defer(undo, u);
	cfg_write(path, value);
}

void tpg_set(const char *file, const char *value)
{
	cfg_set(tap_fmt("%s/%s", env.cfg, file), value);
}

static void undo_rmdir(void *arg)
{
	if (rmdir(full(arg)) && errno != ENOENT)
		FAIL("rmdir %s: %s", (char *)arg, strerror(errno));
}

static void undo_unlink(void *arg)
{
	if (unlink(full(arg)) && errno != ENOENT)
		FAIL("unlink %s: %s", (char *)arg, strerror(errno));
}

/* Removed again at the end of the case. */
void cfg_mkdir(const char *path)
{
	char *p = tap_fmt("%s", path);

	if (mkdir(full(path), 0755))
		FAIL("mkdir %s: %s", path, strerror(errno));
	tap_defer(undo_rmdir, p);
}

void cfg_rmdir(const char *path)
{
	undo_rmdir((void *)path);
}

void cfg_link(const char *to, const char *path)
{
	char *p = tap_fmt("%s", path);

	if (symlink(full(to), full(path)))
		FAIL("symlink %s -> %s: %s", path, to, strerror(errno));
	tap_defer(undo_unlink, p);
}

void cfg_unlink(const char *path)
{
	undo_unlink((void *)path);
}
