// SPDX-License-Identifier: GPL-2.0
/*
 * What the target core may ask of us, in one table.
 */
#include <linux/module.h>
#include "cmd.h"

static char *tcmi_tpg_get_wwn(struct se_portal_group *se_tpg)
{
	return to_tcmi_tpg(se_tpg)->wwn->name;
}

static u16 tcmi_tpg_get_tag(struct se_portal_group *se_tpg)
{
	return to_tcmi_tpg(se_tpg)->tag;
}

static u32 tcmi_tpg_get_inst_index(struct se_portal_group *se_tpg)
{
	return to_tcmi_tpg(se_tpg)->wwn->index;
}

static u32 tcmi_tpg_get_default_depth(struct se_portal_group *se_tpg)
{
	return READ_ONCE(to_tcmi_tpg(se_tpg)->attrib.default_cmdsn_depth);
}

static int tcmi_tpg_check_demo_mode(struct se_portal_group *se_tpg)
{
	return READ_ONCE(to_tcmi_tpg(se_tpg)->attrib.generate_node_acls);
}

/* An initiator can have another name each time: how many of them stay has a bound. */
#define TCMI_DYNAMIC_ACLS	1024

/* Core asks when a session with a dynamic ACL has ended. */
static int tcmi_tpg_check_demo_mode_cache(struct se_portal_group *se_tpg)
{
	struct se_node_acl *acl;
	unsigned int n = 0;

	lockdep_assert_held(&se_tpg->acl_node_mutex);
	if (!READ_ONCE(to_tcmi_tpg(se_tpg)->attrib.cache_dynamic_acls))
		return 0;
	list_for_each_entry(acl, &se_tpg->acl_node_list, acl_list)
		n += acl->dynamic_node_acl;
	return n <= TCMI_DYNAMIC_ACLS;
}

static int tcmi_tpg_check_demo_mode_write_protect(struct se_portal_group *se_tpg)
{
	return READ_ONCE(to_tcmi_tpg(se_tpg)->attrib.demo_mode_write_protect);
}

static int tcmi_tpg_check_prod_mode_write_protect(struct se_portal_group *se_tpg)
{
	return READ_ONCE(to_tcmi_tpg(se_tpg)->attrib.prod_mode_write_protect);
}

static int tcmi_tpg_check_prot_fabric_only(struct se_portal_group *se_tpg)
{
	const struct tcmi_tpg_attrib *attrib = &to_tcmi_tpg(se_tpg)->attrib;

	return READ_ONCE(attrib->t10_pi) ? READ_ONCE(attrib->fabric_prot_type) : 0;
}

static u32 tcmi_sess_get_index(struct se_session *se_sess)
{
	const struct tcmi_sess *sess = se_sess->fabric_sess_ptr;

	return sess->index;
}

static u32 tcmi_sess_get_initiator_sid(struct se_session *se_sess, unsigned char *buf,
				       u32 size)
{
	const struct tcmi_sess *sess = se_sess->fabric_sess_ptr;

	return snprintf(buf, size, "%*phN", ISCSIP_ISID_LEN, sess->isid);
}

struct tcmi_sess_of {
	const struct se_session *se_sess;
	struct tcmi_sess *sess;
};

static void tcmi_sess_match(struct tcmi_sess *sess, void *arg)
{
	struct tcmi_sess_of *of = arg;

	if (sess->se_sess == of->se_sess && !of->sess && kref_get_unless_zero(&sess->ref))
		of->sess = sess;
}

/*
 * Core gives us a session after it has dropped the lock that kept it alive: it
 * may have been released meanwhile. So the pointer is only compared with those
 * of sessions that do exist.
 */
static struct tcmi_sess *tcmi_sess_of(const struct se_session *se_sess)
{
	struct tcmi_sess_of of = { .se_sess = se_sess };
	struct tcmi_wwn *wwn;
	struct tcmi_tpg *tpg;

	mutex_lock(&tcmi_config_mutex);
	list_for_each_entry(wwn, &tcmi_wwns, entry) {
		list_for_each_entry(tpg, &wwn->tpgs, entry)
			tcmi_sess_each(tpg, tcmi_sess_match, &of);
	}
	mutex_unlock(&tcmi_config_mutex);
	return of.sess;
}

/* An ACL is going away, or its depth has changed. Core waits, not we. */
static void tcmi_close_session(struct se_session *se_sess)
{
	struct tcmi_sess *sess = tcmi_sess_of(se_sess);

	if (!sess)
		return;
	tcmi_sess_close(sess, "ACL removed or changed");
	tcmi_sess_put(sess);
}

static int tcmi_get_cmd_state(struct se_cmd *se_cmd)
{
	return READ_ONCE(to_tcmi_cmd(se_cmd)->state);
}

static void tcmi_add_wwn_groups(struct se_wwn *se_wwn)
{
	tcmi_stats_wwn_groups(to_tcmi_wwn(se_wwn));
}

static void tcmi_pre_unlink(struct se_portal_group *se_tpg, struct se_lun *lun)
{
	tcmi_sess_hide_lun(se_tpg, lun);
	tcmi_unlink_wait(se_tpg, lun);
	tcmi_lane_unlink(se_tpg, lun);
}

/*
 * The names are on disk, in files of persistent reservations and of ALUA.
 * max_data_sg_nents is not set: it would appear in INQUIRY page B0h.
 */
const struct target_core_fabric_ops tcmi_fabric_ops = {
	.module				= THIS_MODULE,
	.fabric_alias			= "iscsi",
	.fabric_name			= "iSCSI",
	.node_acl_size			= sizeof(struct tcmi_acl),

	.tpg_get_wwn			= tcmi_tpg_get_wwn,
	.tpg_get_tag			= tcmi_tpg_get_tag,
	.tpg_get_inst_index		= tcmi_tpg_get_inst_index,
	.tpg_get_default_depth		= tcmi_tpg_get_default_depth,
	.tpg_check_demo_mode		= tcmi_tpg_check_demo_mode,
	.tpg_check_demo_mode_cache	= tcmi_tpg_check_demo_mode_cache,
	.tpg_check_demo_mode_write_protect = tcmi_tpg_check_demo_mode_write_protect,
	.tpg_check_prod_mode_write_protect = tcmi_tpg_check_prod_mode_write_protect,
	.tpg_check_prot_fabric_only	= tcmi_tpg_check_prot_fabric_only,

	.close_session			= tcmi_close_session,
	.sess_get_index			= tcmi_sess_get_index,
	.sess_get_initiator_sid		= tcmi_sess_get_initiator_sid,
	.set_default_node_attributes	= tcmi_acl_defaults,

	.get_cmd_state			= tcmi_get_cmd_state,
	.write_pending			= tcmi_write_pending,
	.queue_data_in			= tcmi_queue_data_in,
	.queue_status			= tcmi_queue_status,
	.queue_tm_rsp			= tcmi_queue_tm_rsp,
	.aborted_task			= tcmi_aborted_task,
	.check_stop_free		= tcmi_check_stop_free,
	.release_cmd			= tcmi_release_cmd,
	.write_pending_must_be_called	= 1,
	TCMI_COMPAT_OPS

	.fabric_make_wwn		= tcmi_make_wwn,
	.fabric_drop_wwn		= tcmi_drop_wwn,
	.add_wwn_groups			= tcmi_add_wwn_groups,
	.fabric_make_tpg		= tcmi_make_tpg,
	.fabric_enable_tpg		= tcmi_enable_tpg,
	.fabric_drop_tpg		= tcmi_drop_tpg,
	.fabric_post_link		= tcmi_lane_link,
	.fabric_pre_unlink		= tcmi_pre_unlink,
	.fabric_make_np			= tcmi_make_np,
	.fabric_drop_np			= tcmi_drop_np,
	.fabric_init_nodeacl		= tcmi_init_nodeacl,

	.tfc_discovery_attrs		= tcmi_discovery_attrs,
	.tfc_wwn_attrs			= tcmi_wwn_attrs,
	.tfc_tpg_base_attrs		= tcmi_tpg_base_attrs,
	.tfc_tpg_np_base_attrs		= tcmi_np_attrs,
	.tfc_tpg_attrib_attrs		= tcmi_tpg_attrib_attrs,
	.tfc_tpg_auth_attrs		= tcmi_tpg_auth_attrs,
	.tfc_tpg_param_attrs		= tcmi_tpg_param_attrs,
	.tfc_tpg_nacl_base_attrs	= tcmi_acl_base_attrs,
	.tfc_tpg_nacl_attrib_attrs	= tcmi_acl_attrib_attrs,
	.tfc_tpg_nacl_auth_attrs	= tcmi_acl_auth_attrs,
	.tfc_tpg_nacl_param_attrs	= tcmi_acl_param_attrs,
};
