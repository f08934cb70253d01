// SPDX-License-Identifier: GPL-2.0
/*
 * The files of target/iscsi/, of portal groups and of portals.
 * Documentation/configfs.rst lists all of them. Core calls a store function with a
 * page that ends in NUL.
 */
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "cmd.h"

/* ---- target/iscsi/ ------------------------------------------------------------- */

/* A leaf: taken by starting threads too, which must not wait for configuration. */
static DEFINE_MUTEX(tcmi_cpus_lock);
static cpumask_var_t tcmi_cpus;
unsigned int tcmi_cpus_version;		/* written under tcmi_cpus_lock */

/**
 * tcmi_cpus_apply() - keep a thread on the CPUs that the administrator allows
 * @task: not yet running, or current
 *
 * When none of these is online any more the thread may run anywhere: that beats
 * a connection which can't be served.
 */
void tcmi_cpus_apply(struct task_struct *task)
{
	mutex_lock(&tcmi_cpus_lock);
	/* until it is written for the first time the list has nothing to say */
	if (tcmi_cpus_version && set_cpus_allowed_ptr(task, tcmi_cpus))
		pr_debug("%s: no CPU of cpus_allowed_list is online\n", task->comm);
	mutex_unlock(&tcmi_cpus_lock);
}

static void tcmi_cpus_changed(struct tcmi_conn *conn, void *unused)
{
	tcmi_conn_kick(conn);
}

static ssize_t tcmi_wwn_lio_version_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", TCMI_LIO_VERSION);
}

static ssize_t tcmi_wwn_cpus_allowed_list_show(struct config_item *item, char *page)
{
	ssize_t ret;

	mutex_lock(&tcmi_cpus_lock);
	ret = sysfs_emit(page, "%*pbl\n", cpumask_pr_args(tcmi_cpus));
	mutex_unlock(&tcmi_cpus_lock);
	return ret;
}

static ssize_t tcmi_wwn_cpus_allowed_list_store(struct config_item *item,
						const char *page, size_t count)
{
	cpumask_var_t mask;
	int ret;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	ret = cpulist_parse(page, mask);
	if (!ret && !cpumask_intersects(mask, cpu_online_mask))
		ret = -EINVAL;
	if (!ret) {
		mutex_lock(&tcmi_cpus_lock);
		cpumask_copy(tcmi_cpus, mask);
		WRITE_ONCE(tcmi_cpus_version, tcmi_cpus_version + 1 ?: 1);
		mutex_unlock(&tcmi_cpus_lock);
		tcmi_sess_each_conn(tcmi_cpus_changed, NULL);
	}
	free_cpumask_var(mask);
	return ret ? ret : count;
}

CONFIGFS_ATTR_RO(tcmi_wwn_, lio_version);
CONFIGFS_ATTR(tcmi_wwn_, cpus_allowed_list);

struct configfs_attribute *tcmi_wwn_attrs[] = {
	&tcmi_wwn_attr_lio_version,
	&tcmi_wwn_attr_cpus_allowed_list,
	NULL,
};

/* ---- auth/ of discovery, portal groups and ACLs --------------------------------- */

static ssize_t tcmi_auth_show(const char *text, char *page)
{
	ssize_t ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&tcmi_config_mutex);
	ret = sysfs_emit(page, "%s\n", text);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

/* "NULL" is how user space says that there is none; it is read back as such. */
static ssize_t tcmi_auth_store(char *text, bool *have, const char *page, size_t count)
{
	size_t len = strlen(page);

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len && page[len - 1] == '\n')
		len--;
	if (len >= TCMI_AUTH_MAX)
		return -EINVAL;
	mutex_lock(&tcmi_config_mutex);
	memset(text, 0, TCMI_AUTH_MAX);
	memcpy(text, page, len);
	*have = !strstarts(text, "NULL");
	mutex_unlock(&tcmi_config_mutex);
	return count;
}

static ssize_t tcmi_auth_mutual_show(const struct tcmi_auth *auth, char *page)
{
	ssize_t ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&tcmi_config_mutex);
	ret = sysfs_emit(page, "%d\n", auth->have_userid_mutual && auth->have_password_mutual);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

#define TCMI_AUTH_FILE(_pfx, _of, _name)					\
static ssize_t _pfx##_name##_show(struct config_item *item, char *page)	\
{										\
	return tcmi_auth_show(_of(item)->_name, page);				\
}										\
static ssize_t _pfx##_name##_store(struct config_item *item, const char *page,	\
				   size_t count)				\
{										\
	return tcmi_auth_store(_of(item)->_name, &_of(item)->have_##_name,	\
			       page, count);					\
}										\
CONFIGFS_ATTR(_pfx, _name)

#define TCMI_AUTH_FILES(_pfx, _of)						\
TCMI_AUTH_FILE(_pfx, _of, userid);						\
TCMI_AUTH_FILE(_pfx, _of, password);						\
TCMI_AUTH_FILE(_pfx, _of, userid_mutual);					\
TCMI_AUTH_FILE(_pfx, _of, password_mutual);					\
static ssize_t _pfx##authenticate_target_show(struct config_item *item, char *page) \
{										\
	return tcmi_auth_mutual_show(_of(item), page);				\
}										\
CONFIGFS_ATTR_RO(_pfx, authenticate_target)

#define TCMI_AUTH_LIST(_pfx)							\
	&_pfx##attr_userid,							\
	&_pfx##attr_password,							\
	&_pfx##attr_authenticate_target,					\
	&_pfx##attr_userid_mutual,						\
	&_pfx##attr_password_mutual

static struct tcmi_auth *tcmi_auth_of_discovery(struct config_item *item)
{
	return &tcmi_discovery_auth;
}

static struct tcmi_auth *tcmi_auth_of_tpg(struct config_item *item)
{
	return &to_tcmi_tpg(auth_to_tpg(item))->auth;
}

static struct tcmi_auth *tcmi_auth_of_acl(struct config_item *item)
{
	return &to_tcmi_acl(auth_to_nacl(item))->auth;
}

TCMI_AUTH_FILES(tcmi_discovery_, tcmi_auth_of_discovery);
TCMI_AUTH_FILES(tcmi_tpg_auth_, tcmi_auth_of_tpg);
TCMI_AUTH_FILES(tcmi_acl_auth_, tcmi_auth_of_acl);

static ssize_t tcmi_discovery_enforce_discovery_auth_show(struct config_item *item,
							  char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(tcmi_discovery_enforce));
}

static ssize_t tcmi_discovery_enforce_discovery_auth_store(struct config_item *item,
							   const char *page, size_t count)
{
	u32 value;

	if (kstrtou32(page, 0, &value) || value > 1)
		return -EINVAL;
	mutex_lock(&tcmi_config_mutex);
	WRITE_ONCE(tcmi_discovery_enforce, value);
	mutex_unlock(&tcmi_config_mutex);
	return count;
}

CONFIGFS_ATTR(tcmi_discovery_, enforce_discovery_auth);

struct configfs_attribute *tcmi_discovery_attrs[] = {
	TCMI_AUTH_LIST(tcmi_discovery_),
	&tcmi_discovery_attr_enforce_discovery_auth,
	NULL,
};

struct configfs_attribute *tcmi_tpg_auth_attrs[] = {
	TCMI_AUTH_LIST(tcmi_tpg_auth_),
	NULL,
};

struct configfs_attribute *tcmi_acl_auth_attrs[] = {
	TCMI_AUTH_LIST(tcmi_acl_auth_),
	NULL,
};

/* ---- tpgt_<n>/ -------------------------------------------------------------------- */

static ssize_t tcmi_tpg_dynamic_sessions_show(struct config_item *item, char *page)
{
	return target_show_dynamic_sessions(to_tpg(item), page);
}

CONFIGFS_ATTR_RO(tcmi_tpg_, dynamic_sessions);

struct configfs_attribute *tcmi_tpg_base_attrs[] = {
	&tcmi_tpg_attr_dynamic_sessions,
	NULL,
};

/* ---- tpgt_<n>/param/ --------------------------------------------------------------- */

static const struct {
	const char *key;
	const char *value;
} tcmi_param_table[TCMI_PARAM_COUNT] = {
	[TCMI_PARAM_AUTH_METHOD]	= { "AuthMethod", "CHAP" },
	[TCMI_PARAM_HEADER_DIGEST]	= { "HeaderDigest", "CRC32C,None" },
	[TCMI_PARAM_DATA_DIGEST]	= { "DataDigest", "CRC32C,None" },
	[TCMI_PARAM_MAX_CONNECTIONS]	= { "MaxConnections", "1" },
	[TCMI_PARAM_TARGET_ALIAS]	= { "TargetAlias", "LIO Target" },
	[TCMI_PARAM_INITIAL_R2T]	= { "InitialR2T", "Yes" },
	[TCMI_PARAM_IMMEDIATE_DATA]	= { "ImmediateData", "Yes" },
	[TCMI_PARAM_MAX_RECV_DSL]	= { "MaxRecvDataSegmentLength", "8192" },
	[TCMI_PARAM_MAX_XMIT_DSL]	= { "MaxXmitDataSegmentLength", "262144" },
	[TCMI_PARAM_MAX_BURST]		= { "MaxBurstLength", "262144" },
	[TCMI_PARAM_FIRST_BURST]	= { "FirstBurstLength", "65536" },
	[TCMI_PARAM_TIME2WAIT]		= { "DefaultTime2Wait", "2" },
	[TCMI_PARAM_TIME2RETAIN]	= { "DefaultTime2Retain", "20" },
	[TCMI_PARAM_MAX_OUTSTANDING_R2T] = { "MaxOutstandingR2T", "1" },
	[TCMI_PARAM_DATA_PDU_IN_ORDER]	= { "DataPDUInOrder", "Yes" },
	[TCMI_PARAM_DATA_SEQ_IN_ORDER]	= { "DataSequenceInOrder", "Yes" },
	[TCMI_PARAM_ERL]		= { "ErrorRecoveryLevel", "0" },
	[TCMI_PARAM_IFMARKER]		= { "IFMarker", "No" },
	[TCMI_PARAM_OFMARKER]		= { "OFMarker", "No" },
	[TCMI_PARAM_IFMARKINT]		= { "IFMarkInt", "Reject" },
	[TCMI_PARAM_OFMARKINT]		= { "OFMarkInt", "Reject" },
};

/* The text is kept beside the typed value: it has to be read back as written. */
static int tcmi_param_set(struct tcmi_tpg *tpg, enum tcmi_param param, const char *text)
{
	int ret;

	if (strlen(text) >= TCMI_PARAM_MAX)
		return -EINVAL;
	ret = iscsip_key_check(tcmi_param_table[param].key, text, &tpg->params);
	if (!ret)
		strscpy(tpg->param_text[param], text, TCMI_PARAM_MAX);
	return ret;
}

/**
 * tcmi_param_defaults() - what a new portal group offers
 * @tpg: not yet visible to anybody
 */
void tcmi_param_defaults(struct tcmi_tpg *tpg)
{
	enum tcmi_param param;

	iscsip_params_default(&tpg->params);
	for (param = 0; param < TCMI_PARAM_COUNT; param++)
		WARN_ON(tcmi_param_set(tpg, param, tcmi_param_table[param].value));
}

static ssize_t tcmi_param_show(struct config_item *item, enum tcmi_param param, char *page)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(param_to_tpg(item));
	ssize_t ret;

	mutex_lock(&tcmi_config_mutex);
	ret = sysfs_emit(page, "%s\n", tpg->param_text[param]);
	mutex_unlock(&tcmi_config_mutex);
	return ret;
}

static ssize_t tcmi_param_store(struct config_item *item, enum tcmi_param param,
				const char *page, size_t count)
{
	struct tcmi_tpg *tpg = to_tcmi_tpg(param_to_tpg(item));
	char text[TCMI_PARAM_MAX];
	size_t len = strlen(page);
	int ret;

	if (len && isspace(page[len - 1]))
		len--;
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, page, len);
	text[len] = '\0';
	mutex_lock(&tcmi_config_mutex);
	ret = tcmi_param_set(tpg, param, text);
	mutex_unlock(&tcmi_config_mutex);
	return ret ? -EINVAL : count;
}

#define TCMI_PARAM_FILE(_name, _param)						\
static ssize_t tcmi_tpg_param_##_name##_show(struct config_item *item, char *page) \
{										\
	return tcmi_param_show(item, _param, page);				\
}										\
static ssize_t tcmi_tpg_param_##_name##_store(struct config_item *item,	\
					      const char *page, size_t count)	\
{										\
	return tcmi_param_store(item, _param, page, count);			\
}										\
CONFIGFS_ATTR(tcmi_tpg_param_, _name)

TCMI_PARAM_FILE(AuthMethod, TCMI_PARAM_AUTH_METHOD);
TCMI_PARAM_FILE(HeaderDigest, TCMI_PARAM_HEADER_DIGEST);
TCMI_PARAM_FILE(DataDigest, TCMI_PARAM_DATA_DIGEST);
TCMI_PARAM_FILE(MaxConnections, TCMI_PARAM_MAX_CONNECTIONS);
TCMI_PARAM_FILE(TargetAlias, TCMI_PARAM_TARGET_ALIAS);
TCMI_PARAM_FILE(InitialR2T, TCMI_PARAM_INITIAL_R2T);
TCMI_PARAM_FILE(ImmediateData, TCMI_PARAM_IMMEDIATE_DATA);
TCMI_PARAM_FILE(MaxRecvDataSegmentLength, TCMI_PARAM_MAX_RECV_DSL);
TCMI_PARAM_FILE(MaxXmitDataSegmentLength, TCMI_PARAM_MAX_XMIT_DSL);
TCMI_PARAM_FILE(MaxBurstLength, TCMI_PARAM_MAX_BURST);
TCMI_PARAM_FILE(FirstBurstLength, TCMI_PARAM_FIRST_BURST);
TCMI_PARAM_FILE(DefaultTime2Wait, TCMI_PARAM_TIME2WAIT);
TCMI_PARAM_FILE(DefaultTime2Retain, TCMI_PARAM_TIME2RETAIN);
TCMI_PARAM_FILE(MaxOutstandingR2T, TCMI_PARAM_MAX_OUTSTANDING_R2T);
TCMI_PARAM_FILE(DataPDUInOrder, TCMI_PARAM_DATA_PDU_IN_ORDER);
TCMI_PARAM_FILE(DataSequenceInOrder, TCMI_PARAM_DATA_SEQ_IN_ORDER);
TCMI_PARAM_FILE(ErrorRecoveryLevel, TCMI_PARAM_ERL);
TCMI_PARAM_FILE(IFMarker, TCMI_PARAM_IFMARKER);
TCMI_PARAM_FILE(OFMarker, TCMI_PARAM_OFMARKER);
TCMI_PARAM_FILE(IFMarkInt, TCMI_PARAM_IFMARKINT);
TCMI_PARAM_FILE(OFMarkInt, TCMI_PARAM_OFMARKINT);

struct configfs_attribute *tcmi_tpg_param_attrs[] = {
	&tcmi_tpg_param_attr_AuthMethod,
	&tcmi_tpg_param_attr_HeaderDigest,
	&tcmi_tpg_param_attr_DataDigest,
	&tcmi_tpg_param_attr_MaxConnections,
	&tcmi_tpg_param_attr_TargetAlias,
	&tcmi_tpg_param_attr_InitialR2T,
	&tcmi_tpg_param_attr_ImmediateData,
	&tcmi_tpg_param_attr_MaxRecvDataSegmentLength,
	&tcmi_tpg_param_attr_MaxXmitDataSegmentLength,
	&tcmi_tpg_param_attr_MaxBurstLength,
	&tcmi_tpg_param_attr_FirstBurstLength,
	&tcmi_tpg_param_attr_DefaultTime2Wait,
	&tcmi_tpg_param_attr_DefaultTime2Retain,
	&tcmi_tpg_param_attr_MaxOutstandingR2T,
	&tcmi_tpg_param_attr_DataPDUInOrder,
	&tcmi_tpg_param_attr_DataSequenceInOrder,
	&tcmi_tpg_param_attr_ErrorRecoveryLevel,
	&tcmi_tpg_param_attr_IFMarker,
	&tcmi_tpg_param_attr_OFMarker,
	&tcmi_tpg_param_attr_IFMarkInt,
	&tcmi_tpg_param_attr_OFMarkInt,
	NULL,
};

/* ---- tpgt_<n>/attrib/ --------------------------------------------------------------- */

/* Copy the list without None to @rest. Return: was it there? */
static bool tcmi_methods_without_none(const char *list, char *rest)
{
	bool found = false;
	size_t len;

	*rest = '\0';
	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == 4 && !strncmp(list, "None", len)) {
			found = true;
			continue;
		}
		if (*rest)
			strcat(rest, ",");
		strncat(rest, list, len);
	}
	return found;
}

/**
 * tcmi_auth_method_require() - bring AuthMethod in line with attrib/authentication
 * @tpg: the portal group
 * @required: take None off the list, or put it there
 *
 * A list of None alone becomes CHAP: the alternative would be a group that can't
 * be logged in to.
 */
int tcmi_auth_method_require(struct tcmi_tpg *tpg, bool required)
{
	const char *now = tpg->param_text[TCMI_PARAM_AUTH_METHOD];
	char list[TCMI_PARAM_MAX + sizeof(",None")];
	bool none;

	lockdep_assert_held(&tcmi_config_mutex);
	none = tcmi_methods_without_none(now, list);
	if (none == !required)
		return 0;
	if (!required)
		strcat(list, ",None");
	return tcmi_param_set(tpg, TCMI_PARAM_AUTH_METHOD, *list ? list : "CHAP");
}

/*
 * What else a new value means: an error, 0, or 1 when it must not be stored.
 * Called with tcmi_config_mutex held.
 */
typedef int (*tcmi_attrib_fn)(struct tcmi_tpg *tpg, u32 value);

static int tcmi_set_authentication(struct tcmi_tpg *tpg, u32 value)
{
	return tcmi_auth_method_require(tpg, value);
}

static int tcmi_set_generate_node_acls(struct tcmi_tpg *tpg, u32 value)
{
	if (value)
		WRITE_ONCE(tpg->attrib.cache_dynamic_acls, 1);
	return 0;
}

/* Saved configurations are restored in alphabetic order: this is no error. */
static int tcmi_set_cache_dynamic_acls(struct tcmi_tpg *tpg, u32 value)
{
	return !value && tpg->attrib.generate_node_acls;
}

static int tcmi_set_fabric_prot_type(struct tcmi_tpg *tpg, u32 value)
{
	return value == 2 ? -EINVAL : 0;
}

static ssize_t tcmi_attrib_store(struct tcmi_tpg *tpg, u32 *attrib, u32 min, u32 max,
				 tcmi_attrib_fn fn, const char *page, size_t count)
{
	u32 value;
	int ret;

	ret = kstrtou32(page, 0, &value);
	if (ret)
		return ret;
	if (value < min || value > max)
		return -EINVAL;
	mutex_lock(&tcmi_config_mutex);
	ret = fn ? fn(tpg, value) : 0;
	if (!ret)
		WRITE_ONCE(*attrib, value);
	mutex_unlock(&tcmi_config_mutex);
	return ret < 0 ? ret : count;
}

#define TCMI_ATTRIB_FILE(_name, _min, _max, _fn)				\
static ssize_t tcmi_tpg_attrib_##_name##_show(struct config_item *item, char *page) \
{										\
	struct tcmi_tpg *tpg = to_tcmi_tpg(attrib_to_tpg(item));		\
										\
	return sysfs_emit(page, "%u\n", READ_ONCE(tpg->attrib._name));		\
}										\
static ssize_t tcmi_tpg_attrib_##_name##_store(struct config_item *item,	\
					       const char *page, size_t count)	\
{										\
	struct tcmi_tpg *tpg = to_tcmi_tpg(attrib_to_tpg(item));		\
										\
	return tcmi_attrib_store(tpg, &tpg->attrib._name, _min, _max, _fn,	\
				 page, count);					\
}										\
CONFIGFS_ATTR(tcmi_tpg_attrib_, _name)

TCMI_ATTRIB_FILE(authentication, 0, 1, tcmi_set_authentication);
TCMI_ATTRIB_FILE(login_timeout, 5, 30, NULL);
#ifdef TCMI_COMPAT_NETIF_TIMEOUT
TCMI_ATTRIB_FILE(netif_timeout, 2, 15, NULL);
#endif
TCMI_ATTRIB_FILE(generate_node_acls, 0, 1, tcmi_set_generate_node_acls);
TCMI_ATTRIB_FILE(default_cmdsn_depth, 1, 512, NULL);
TCMI_ATTRIB_FILE(cache_dynamic_acls, 0, 1, tcmi_set_cache_dynamic_acls);
TCMI_ATTRIB_FILE(demo_mode_write_protect, 0, 1, NULL);
TCMI_ATTRIB_FILE(prod_mode_write_protect, 0, 1, NULL);
TCMI_ATTRIB_FILE(demo_mode_discovery, 0, 1, NULL);
TCMI_ATTRIB_FILE(default_erl, 0, 2, NULL);
TCMI_ATTRIB_FILE(t10_pi, 0, 1, NULL);
TCMI_ATTRIB_FILE(fabric_prot_type, 0, 3, tcmi_set_fabric_prot_type);
TCMI_ATTRIB_FILE(tpg_enabled_sendtargets, 0, 1, NULL);
TCMI_ATTRIB_FILE(login_keys_workaround, 0, 1, NULL);

static ssize_t tcmi_tpg_attrib_draining_show(struct config_item *item, char *page)
{
	return tcmi_drain_show(to_tcmi_tpg(attrib_to_tpg(item)), page);
}
CONFIGFS_ATTR_RO(tcmi_tpg_attrib_, draining);

struct configfs_attribute *tcmi_tpg_attrib_attrs[] = {
	&tcmi_tpg_attrib_attr_authentication,
	&tcmi_tpg_attrib_attr_login_timeout,
#ifdef TCMI_COMPAT_NETIF_TIMEOUT
	&tcmi_tpg_attrib_attr_netif_timeout,
#endif
	&tcmi_tpg_attrib_attr_generate_node_acls,
	&tcmi_tpg_attrib_attr_default_cmdsn_depth,
	&tcmi_tpg_attrib_attr_cache_dynamic_acls,
	&tcmi_tpg_attrib_attr_demo_mode_write_protect,
	&tcmi_tpg_attrib_attr_prod_mode_write_protect,
	&tcmi_tpg_attrib_attr_demo_mode_discovery,
	&tcmi_tpg_attrib_attr_default_erl,
	&tcmi_tpg_attrib_attr_t10_pi,
	&tcmi_tpg_attrib_attr_fabric_prot_type,
	&tcmi_tpg_attrib_attr_tpg_enabled_sendtargets,
	&tcmi_tpg_attrib_attr_login_keys_workaround,
	&tcmi_tpg_attrib_attr_draining,
	NULL,
};

/* ---- np/<address:port>/ ---------------------------------------------------------------- */

/* Other transports don't exist; tools write 0 before they remove a portal. */
static ssize_t tcmi_np_transport_store(const char *page, size_t count)
{
	u32 value;
	int ret;

	ret = kstrtou32(page, 0, &value);
	if (ret)
		return ret;
	return value ? -EINVAL : count;
}

#define TCMI_NP_FILE(_name)							\
static ssize_t tcmi_np_##_name##_show(struct config_item *item, char *page)	\
{										\
	return sysfs_emit(page, "0\n");						\
}										\
static ssize_t tcmi_np_##_name##_store(struct config_item *item,		\
				       const char *page, size_t count)		\
{										\
	return tcmi_np_transport_store(page, count);				\
}										\
CONFIGFS_ATTR(tcmi_np_, _name)

TCMI_NP_FILE(iser);
TCMI_NP_FILE(cxgbit);

struct configfs_attribute *tcmi_np_attrs[] = {
	&tcmi_np_attr_iser,
	&tcmi_np_attr_cxgbit,
	NULL,
};

/* ---- */

/**
 * tcmi_configfs_init() - what the files need before the fabric is registered
 */
int tcmi_configfs_init(void)
{
	if (!alloc_cpumask_var(&tcmi_cpus, GFP_KERNEL))
		return -ENOMEM;
	cpumask_setall(tcmi_cpus);
	return 0;
}

/**
 * tcmi_configfs_exit() - after the fabric has been unregistered
 */
void tcmi_configfs_exit(void)
{
	free_cpumask_var(tcmi_cpus);
}
