# SPDX-License-Identifier: GPL-2.0
#
# The verbose output of iscsi-test-cu as lines "SUITE.TEST RESULT", RESULT being
# passed, failed, skipped or ended (it never came back).

function finish()
{
	if (test != "")
		printf "%s.%s %s\n", suite, test, result == "" ? "ended" : result
	test = result = ""
	skipped = 0
}

/^Suite: / {
	finish()
	suite = $2
	next
}

/^  Test: / {
	finish()
	test = $2
}

/\[SKIPPED\]/ {
	skipped = 1
}

test != "" && result == "" && /(^|\.\.\.)passed( |$)/ {
	result = skipped ? "skipped" : "passed"
}

test != "" && result == "" && /(^|\.\.\.)FAILED( |$)/ {
	result = "failed"
}

END {
	finish()
}
