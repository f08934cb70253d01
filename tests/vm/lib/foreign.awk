# SPDX-License-Identifier: GPL-2.0
#
# The kernel log without reports that the initiator in the VM has deserved: on a busy
# machine Linux' own flushes a device's work item of power management from a workqueue
# which must not wait for that kind, when it removes the device at logout. And the races
# that KCSAN finds between two functions of the rest of the kernel.

/\[ cut here \]/ {
	if (!foreign)
		printf "%s", report
	report = foreign = ""
	inside = 1
}

/BUG: KCSAN: / && !/ (tcmi|iscsip|plant)_/ {
	race = 1
}

race {
	if (/======/)
		race = 0
	next
}

!inside {
	print
	next
}

{
	report = report $0 "\n"
}

/WQ_MEM_RECLAIM iscsi_ctrl_[^ ]* .*is flushing !WQ_MEM_RECLAIM/ {
	foreign = 1
}

/end trace/ {
	if (!foreign)
		printf "%s", report
	report = ""
	inside = 0
}

END {
	if (!foreign)
		printf "%s", report
}
