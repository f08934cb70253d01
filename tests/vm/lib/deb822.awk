# SPDX-License-Identifier: GPL-2.0
#
# Print "URI SUITE" for each binary repository of a deb822 sources file.

function flush_stanza(    i)
{
	if (types ~ /(^| )deb( |$)/ && enabled !~ /^(no|false)$/)
		for (i = 1; i <= split(suites, suite, " "); i++) {
			split(uris, uri, " ")
			print uri[1], suite[i]
		}
	types = uris = suites = enabled = field = ""
}

/^[[:space:]]*$/ {
	flush_stanza()
	next
}

{
	line = $0
	if (match(line, /^[A-Za-z-]+:/)) {
		field = tolower(substr(line, 1, RLENGTH - 1))
		line = substr(line, RLENGTH + 1)
	}
	gsub(/^[[:space:]]+|[[:space:]]+$/, "", line)
	if (field == "types")
		types = types " " line
	else if (field == "uris")
		uris = uris " " line
	else if (field == "suites")
		suites = suites " " line
	else if (field == "enabled")
		enabled = line
}

END {
	flush_stanza()
}
