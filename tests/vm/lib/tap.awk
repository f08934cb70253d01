# SPDX-License-Identifier: GPL-2.0
#
# A script's output as TAP, with what the script cannot know appended: whether
# it ended, what the kernel said, what it left behind. The plan goes last.

function result(good, text)
{
	count++
	printf "%s %d - %s: %s\n", good ? "ok" : "not ok", count, name, text
	if (!good)
		failed++
}

function quote(file, most,    line, n)
{
	while ((getline line < file) > 0 && n++ < most)
		printf "# %s\n", line
	close(file)
	return n
}

function empty(file,    line, n)
{
	n = (getline line < file)
	close(file)
	return n <= 0
}

BEGIN {
	plan = -1
}

{
	sub(/\r$/, "")
}

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (plan == 0) {
		reason = $0
		sub(/^1\.\.0[ #]*/, "", reason)
		sub(/^[Ss][Kk][Ii][Pp][^ ]* */, "", reason)
		skipped = 1
		printf "ok %d - %s # SKIP %s\n", ++count, name, reason
	}
	next
}

/^(not )?ok($|[^A-Za-z])/ {
	count++
	own++
	if ($1 == "not" && toupper($0) !~ /# *TODO/)
		failed++
	print
	next
}

/^Bail out!/ {
	result(0, $0)
	next
}

/^#/ {
	print
	next
}

{
	print "# " $0
}

END {
	tap = (plan >= 0 || own > 0)
	if (state == "never")
		result(0, "the VM starts it")
	if (state == "died")
		result(0, "the VM survives it")
	if (state != "ran") {
		quote(left, 40)
		printf "# end of the console log:\n"
		cmd = "tail -n 60 '" console "'"
		while ((cmd | getline line) > 0) {
			sub(/\r$/, "", line)
			printf "# %s\n", line
		}
		close(cmd)
	} else {
		if (rc == 124 || rc == 137)
			result(0, "it ends within " limit " s")
		else if (!tap)
			result(rc == 0, "its exit status is 0")
		else if (plan < 0)
			result(0, "it has a plan (ended with status " rc ")")
		else if (!skipped && plan != own)
			result(0, sprintf("it runs all %d tests, not %d", plan, own))
		else if (rc != 0 && !failed)
			result(0, "it failed no test but its exit status is " rc)
		result(empty(splat), "the kernel log has no warning")
		quote(splat, 400)
		result(empty(left), "it leaves a VM in which the next one can run")
		quote(left, 40)
		quote(blocked, 200)
	}
	printf "1..%d\n", count
}
