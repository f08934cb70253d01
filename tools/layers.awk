# SPDX-License-Identifier: GPL-2.0
#
# Reads tools/layers and then "object NAME" lines, each followed by nm's of it.

function test(good, text, why)
{
	printf "%s %d - %s\n", good ? "ok" : "not ok", ++count, text
	if (!good)
		printf "%s", why
}

FNR == NR && /^(#|$)/ {
	next
}

FNR == NR && $1 == "layer" {
	for (i = 3; i <= NF; i++)
		layer[$i] = $2 + 0
	next
}

FNR == NR && $1 == "pure" {
	for (i = 2; i <= NF; i++)
		pure[$i] = 1
	next
}

FNR == NR && $1 == "up" {
	for (i = 3; i <= NF; i++)
		up[$2, $i] = 1
	next
}

FNR == NR {
	printf "Bail out! tools/layers line %d: %s\n", FNR, $0
	exit 1
}

$1 == "object" {
	object = $2
	objects[++n] = object
	next
}

NF == 2 && $1 == "U" {
	uses[object] = uses[object] " " $2
	next
}

NF == 3 && $2 ~ /^[A-Z]$/ {
	owner[$3] = object
}

function reasons(object,    i, m, symbol, there, why)
{
	m = split(uses[object], list, " ")
	for (i = 1; i <= m; i++) {
		symbol = list[i]
		there = owner[symbol]
		used[object, there] = 1
		if (there == "" || there == object) {
			if (layer[object] == 0 && there == "" && !(symbol in pure) &&
			    symbol !~ /^__x86_|^__asan_|^__ubsan_|^__sanitizer_/)
				why = why "# uses " symbol ", which is not pure\n"
		} else if (layer[there] > layer[object] && !((object, there) in up)) {
			why = why sprintf("# uses %s of %s (layer %d)\n",
					  symbol, there, layer[there])
		}
	}
	return why
}

END {
	for (i = 1; i <= n; i++) {
		object = objects[i]
		if (!(object in layer)) {
			test(0, object " has a layer", "# it is not in tools/layers\n")
			continue
		}
		why = reasons(object)
		test(why == "", sprintf("%s (layer %d) calls nothing above it",
					object, layer[object]), why)
	}
	for (key in up)
		if (!(key in used)) {
			split(key, part, SUBSEP)
			stale = stale "# up " part[1] " " part[2] "\n"
		}
	test(stale == "", "no exception is out of date", stale)
}
