/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tcm_iscsi: the kernel structures, grouped by owner, and the interfaces of the files;
 * those of commands are in cmd.h. Documentation/locking.rst has the locks and references
 * in prose.
 */
#ifndef TCM_ISCSI_H
#define TCM_ISCSI_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/in6.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/scatterlist.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <target/target_core_base.h>
#include <target/target_core_fabric.h>
#include <tcm_iscsi/iscsip.h>

#define TCMI_NAME		"tcm_iscsi"
#define TCMI_TASK_BUCKETS	64	/* ITT hash of one connection */
#define TCMI_DRAIN_RING		64	/* finished writes whose data may still come */
#define TCMI_STAGE		8192	/* takes a small write whole, or many commands */
#define TCMI_TX_BVECS		128
#define TCMI_MRDSL_REMOTE_MAX	(256 * 1024)	/* we send no larger PDU; one fits a batch */
#define TCMI_STOCK_ORDER	4	/* of the largest chunks of data pages */
#define TCMI_TX_SPENT		8	/* header pages of one batch, with room to spare */
#define TCMI_SENSE_MAX		TRANSPORT_SENSE_BUFFER
#define TCMI_AUTH_MAX		256	/* auth files, bytes with the final NUL */
#define TCMI_PARAM_MAX		256	/* param files, bytes with the final NUL */
#define TCMI_ADDR_MAX		64	/* "[v6%scope]:port" as text */
#define TCMI_SOURCE_WORDS	5	/* IPv6 address and scope */
#define TCMI_SOURCE_BITS	8
#define TCMI_LIO_VERSION	"Datera Inc. iSCSI Target v4.1.0"

/* ---- configuration: written under tcmi_config_mutex ------------------------ */

/**
 * struct tcmi_auth - one set of CHAP credentials as configfs shows them
 *
 * Strings as typed less a final newline; @have_* is cleared by writing "NULL...".
 * Written and read under tcmi_config_mutex.
 */
struct tcmi_auth {
	char userid[TCMI_AUTH_MAX];
	char password[TCMI_AUTH_MAX];
	char userid_mutual[TCMI_AUTH_MAX];
	char password_mutual[TCMI_AUTH_MAX];
	bool have_userid;
	bool have_password;
	bool have_userid_mutual;
	bool have_password_mutual;
};

/**
 * struct tcmi_login_stats - what logins to one target came to
 * Counters are written with atomics from any connection's thread; the "last"
 * group under tcmi_stats_lock.
 */
struct tcmi_login_stats {
	atomic_t accepts;
	atomic_t other_fails;
	atomic_t redirects;
	atomic_t authorize_fails;
	atomic_t authenticate_fails;
	atomic_t negotiate_fails;
	atomic_t normal_logouts;
	atomic_t abnormal_logouts;
	atomic_t digest_errors;
	atomic_t cxn_errors;		/* connection timeouts */
	u64 last_fail_time;		/* jiffies64 of the last failed login, 0 none */
	u8 last_fail_type;		/* numbers of iscsi_tgt_attr/last_fail_type */
	char last_fail_name[ISCSIP_NAME_MAX + 1];
	struct sockaddr_storage last_fail_addr;
	sa_family_t last_fail_family;	/* of the portal that it came to */
	u8 last_sess_fail_type;		/* iscsi_instance/fail_type */
	char last_sess_fail_name[ISCSIP_NAME_MAX + 1];
};

enum tcmi_login_fail {			/* last_fail_type values */
	TCMI_FAIL_NONE = 0,
	TCMI_FAIL_OTHER = 2,
	TCMI_FAIL_REDIRECT = 3,
	TCMI_FAIL_AUTHORIZE = 4,
	TCMI_FAIL_AUTHENTICATE = 5,
	TCMI_FAIL_NEGOTIATE = 6,
};

enum tcmi_sess_fail {			/* last_sess_fail_type values */
	TCMI_SESS_FAIL_DIGEST = 1,
	TCMI_SESS_FAIL_TIMEOUT = 2,
};

/**
 * struct tcmi_wwn - one iSCSI target (target/iscsi/<wwn>)
 * @name: as typed: what the directory is called, and SendTargets and VPD 83 say
 * @norm: normalised, what names are compared with
 */
struct tcmi_wwn {
	struct se_wwn wwn;
	struct kref ref;		/* its directory, and each portal group */
	struct list_head entry;		/* tcmi_wwns */
	struct list_head tpgs;		/* struct tcmi_tpg.entry, ascending tag */
	char name[ISCSIP_NAME_MAX + 1];
	char norm[ISCSIP_NAME_MAX + 1];
	u32 index;			/* statistics inst */
	struct tcmi_login_stats stats;
	struct config_group stat_instance;
	struct config_group stat_sess_err;
	struct config_group stat_tgt_attr;
	struct config_group stat_login;
	struct config_group stat_logout;
};

/**
 * struct tcmi_tpg_attrib - attrib/ files; written under tcmi_config_mutex,
 * read with READ_ONCE where a single one is looked at
 */
struct tcmi_tpg_attrib {
	u32 authentication;
	u32 login_timeout;		/* seconds */
	u32 netif_timeout;		/* 6.1 only, without meaning there too */
	u32 generate_node_acls;
	u32 default_cmdsn_depth;
	u32 cache_dynamic_acls;
	u32 demo_mode_write_protect;
	u32 prod_mode_write_protect;
	u32 demo_mode_discovery;
	u32 default_erl;
	u32 t10_pi;
	u32 fabric_prot_type;
	u32 tpg_enabled_sendtargets;
	u32 login_keys_workaround;
};

/* param/ files: the text as written (they must round-trip), see tcmi_param_* */
enum tcmi_param {
	TCMI_PARAM_AUTH_METHOD,
	TCMI_PARAM_HEADER_DIGEST,
	TCMI_PARAM_DATA_DIGEST,
	TCMI_PARAM_MAX_CONNECTIONS,
	TCMI_PARAM_TARGET_ALIAS,
	TCMI_PARAM_INITIAL_R2T,
	TCMI_PARAM_IMMEDIATE_DATA,
	TCMI_PARAM_MAX_RECV_DSL,
	TCMI_PARAM_MAX_XMIT_DSL,
	TCMI_PARAM_MAX_BURST,
	TCMI_PARAM_FIRST_BURST,
	TCMI_PARAM_TIME2WAIT,
	TCMI_PARAM_TIME2RETAIN,
	TCMI_PARAM_MAX_OUTSTANDING_R2T,
	TCMI_PARAM_DATA_PDU_IN_ORDER,
	TCMI_PARAM_DATA_SEQ_IN_ORDER,
	TCMI_PARAM_ERL,
	TCMI_PARAM_IFMARKER,
	TCMI_PARAM_OFMARKER,
	TCMI_PARAM_IFMARKINT,
	TCMI_PARAM_OFMARKINT,
	TCMI_PARAM_COUNT,
};

/**
 * struct tcmi_tpg - one target portal group (tpgt_<n>)
 * @refs: logins in progress and sessions that use it; drop waits for zero
 */
struct tcmi_tpg {
	struct se_portal_group se_tpg;
	struct tcmi_wwn *wwn;
	struct list_head entry;		/* wwn->tpgs */
	struct list_head nps;		/* struct tcmi_np.tpg_entry */
	u16 tag;

	/* tcmi_config_mutex */
	bool active;
	struct tcmi_tpg_attrib attrib;
	struct tcmi_auth auth;
	char param_text[TCMI_PARAM_COUNT][TCMI_PARAM_MAX];
	struct iscsip_params params;	/* typed offer, kept beside the texts */

	/* any context */
	atomic_t refs;
	wait_queue_head_t drained;	/* woken when @refs gets to zero */
	struct work_struct end_work;	/* its end, when nobody waits for that: */
	bool ending;			/* drained.lock */
	struct ida tsihs;
	struct list_head orphans;	/* struct tcmi_cmd.orphan; tcmi_orphans_lock */
	struct tcmi_acl *departed;	/* of sessions which have left theirs */
	struct hlist_head leaving;	/* LUNs; tpg_lun_mutex */
	struct xarray lanes;		/* struct tcmi_lane by LUN; core's configfs writes */
};

/**
 * struct tcmi_portal - one listening socket, shared by all groups that use it
 *
 * Key: network namespace and address. Lists under tcmi_config_mutex; the list
 * of connections under @lock. @sock is NULL where @twin takes all connections.
 */
struct tcmi_portal {
	struct kref ref;		/* its nps, its twin, and each connection */
	struct list_head entry;		/* tcmi_portals */
	struct list_head nps;		/* struct tcmi_np.portal_entry */
	struct tcmi_portal *twin;	/* ref; 0.0.0.0 of [::], or the other way; same mutex */
	struct net *net;		/* held by the socket, or the twin's */
	struct sockaddr_storage addr;
	struct socket *sock;
	struct work_struct accept_work;
	struct delayed_work reap_work;	/* deadlines of connections that say nothing */
	void (*saved_data_ready)(struct sock *sk);
	bool closing;			/* written under tcmi_config_mutex */
	bool accept_again;		/* accept_work: an error to try again after */

	u32 timeout;			/* seconds a silent one may stay; reap_work */

	spinlock_t lock;		/* all below */
	struct list_head silent;	/* struct tcmi_caller.entry: accepted, oldest first */
	u32 nsilent;
	struct list_head logins;	/* the same: login under way, oldest first */
	u32 nlogins;
	u32 seed;
	DECLARE_HASHTABLE(sources, TCMI_SOURCE_BITS);	/* struct tcmi_source, by address */
	struct list_head refusals;	/* struct tcmi_refusal.entry, oldest first */
	u32 nrefusals;
};

/**
 * struct tcmi_np - a portal as one portal group sees it (np/<addr:port>)
 */
struct tcmi_np {
	struct se_tpg_np se_np;
	struct tcmi_tpg *tpg;
	struct tcmi_portal *portal;
	struct list_head tpg_entry;
	struct list_head portal_entry;
};

struct tcmi_acl_attrib {
	u32 dataout_timeout;
	u32 dataout_timeout_retries;
	u32 default_erl;
	u32 nopin_timeout;
	u32 nopin_response_timeout;
	u32 random_datain_pdu_offsets;
	u32 random_datain_seq_offsets;
	u32 random_r2t_offsets;
	s32 authentication;		/* -1: as the portal group says */
};

/**
 * struct tcmi_acl - one initiator's ACL, explicit or dynamic
 */
struct tcmi_acl {
	struct se_node_acl se_acl;
	struct tcmi_acl_attrib attrib;	/* tcmi_config_mutex / READ_ONCE */
	struct tcmi_auth auth;		/* tcmi_config_mutex */
	struct config_group stat_sess;
};

/* ---- sessions ----------------------------------------------------------------- */

enum tcmi_sess_state {
	TCMI_SESS_ACTIVE,
	TCMI_SESS_CLOSING,
	TCMI_SESS_DEAD,
};

/**
 * struct tcmi_sess - an iSCSI session; for Normal ones also an I_T nexus of core
 */
struct tcmi_sess {
	struct kref ref;		/* each connection, the table, who found it */
	/* set before it is hashed, then read-only */
	struct tcmi_tpg *tpg;		/* NULL for discovery; holds tpg->refs */
	struct se_session *se_sess;	/* NULL for discovery */
	const void *endpoint;		/* identity only: tcmi_login_locate() */
	enum iscsip_session_type type;
	char initiator_name[ISCSIP_NAME_MAX + 1];
	char initiator_alias[ISCSIP_ALIAS_MAX + 1];
	u8 isid[ISCSIP_ISID_LEN];
	u16 tsih;
	u32 index;			/* statistics, "LIO Session ID" */
	struct iscsip_params params;	/* session-wide values as negotiated */
	u64 created;			/* jiffies64 */

	/* tcmi_nexus_mutex */
	bool departed;			/* it has left its ACL */

	/* tcmi_sess_table_lock */
	struct hlist_node hash;		/* unhashed once reinstated or closing */
	struct list_head entry;		/* all sessions */
	bool counted;			/* against max_sessions */

	/* lock */
	spinlock_t lock;		/* all below, up to the statistics */
	enum tcmi_sess_state state;
	struct list_head conns;		/* struct tcmi_conn.sess_entry */
	u32 nconns;
	struct iscsip_window window;

	atomic_t reserving;		/* PERSISTENT RESERVE OUTs in core */

	/* statistics: each written by the connection's thread only */
	u64 cmd_pdus;
	u64 rsp_pdus;
	u64 tx_octets;
	u64 rx_octets;
	u64 digest_errors;
	u64 timeout_errors;
};

/* ---- connections ----------------------------------------------------------------- */

enum tcmi_conn_state {
	TCMI_CONN_NEW,		/* accepted, no byte yet, no thread */
	TCMI_CONN_LOGIN,
	TCMI_CONN_FULL,
	TCMI_CONN_LOGOUT,	/* its last answer is queued: close when that is sent */
	TCMI_CONN_CLOSING,
	TCMI_CONN_DEAD,
};

enum tcmi_rx_state {
	TCMI_RX_BHS,
	TCMI_RX_AHS,
	TCMI_RX_HDGST,
	TCMI_RX_WAIT_BUF,	/* payload pending, command's pages not there yet */
	TCMI_RX_DATA,
	TCMI_RX_PAD,		/* padding and data digest */
};

/* where the payload of the PDU being received goes */
enum tcmi_rx_dest {
	TCMI_DEST_DRAIN,
	TCMI_DEST_SG,		/* pages of a command, or of an own buffer */
	TCMI_DEST_BUF,		/* linear memory (text) */
};

struct tcmi_cmd;

/* owned by the connection's thread */
struct tcmi_rx {
	enum tcmi_rx_state state;
	u8 *stage;		/* TCMI_STAGE bytes received and not yet taken */
	u32 head;
	u32 tail;
	u8 bhs[ISCSIP_BHS_LEN];
	u8 *ahs;		/* ISCSIP_AHS_MAX, allocated when first needed */
	struct iscsip_req req;
	u32 have;		/* bytes of the current small piece */
	u8 small[8];		/* digest words, padding */
	u32 crc;
	bool hdgst_on;
	bool ddgst_on;
	enum tcmi_rx_dest dest;
	bool pass_due;		/* its CmdSN counts once digest and keys are right */
	bool refused;		/* the header got its verdict: only drain */
	bool rest;		/* Data-Out of a write that has ended */
	struct tcmi_cmd *cmd;	/* payload belongs to it; a reference is held */
	struct scatterlist *sg;	/* next byte goes to sg + sg_off */
	u32 sg_off;
	u8 *buf;		/* linear destination */
	struct tcmi_pdu *pdu;	/* NOP data is received straight into it; a held Text's Reject */
	struct tcmi_cmd *held;	/* place holder of a request ahead of its turn */
	u32 left;		/* payload bytes still to come */
};

/**
 * struct tcmi_txe - a place in the send queue, embedded in what is to be sent
 */
struct tcmi_txe {
	struct list_head entry;
	u8 kind;		/* enum tcmi_txe_kind */
};

enum tcmi_txe_kind {
	TCMI_TXE_CMD,		/* Data-In and/or status of a command */
	TCMI_TXE_R2T,		/* next R2Ts of a command */
	TCMI_TXE_PDU,		/* a struct tcmi_pdu */
};

/**
 * struct tcmi_pdu - a response which is not a SCSI command's
 * The BHS is encoded at the moment it is sent, when StatSN is known.
 */
struct tcmi_pdu {
	struct tcmi_txe txe;
	u8 opcode;
	u8 code;		/* response, reason or event */
	bool final;
	bool cont;
	bool close_after;	/* last PDU of this connection */
	bool own_statsn;	/* carries a StatSN of its own (advances it) */
	bool login_done;	/* digests are on after this one */
	u8 isid[ISCSIP_ISID_LEN];
	u8 csg, nsg;
	u16 status;		/* login */
	u16 p1, p2, p3;
	u32 itt;
	u32 ttt;
	u64 lun;
	u32 len;
	u32 nents;
	struct scatterlist *sgl;	/* payload, sgl_alloc()ed */
};

/* owned by the connection's thread */
struct tcmi_tx {
	struct list_head queue;		/* struct tcmi_txe */
	struct list_head batch;		/* encoded completely, not yet sent */
	u32 npdus;			/* tcmi_pdus queued: backpressure on rx */
	u32 pdu_bytes;			/* and the memory of their data, too */
	struct page *hpage;		/* headers go here */
	u32 hoff;
	struct page *spent[TCMI_TX_SPENT];	/* full ones of this batch */
	u32 nspent;
	struct bio_vec *bv;		/* TCMI_TX_BVECS of them */
	bool hdgst_on;
	bool ddgst_on;
	u32 nbv;
	u32 cur;			/* first bvec not sent completely */
	u32 cur_off;
	u32 bytes;			/* left to send of this batch */
	bool ended;			/* the last PDU is queued, and nothing goes behind it */
	bool close_after;		/* and is sent */
	bool blocked;			/* socket full: wait for write_space */
	bool broken;			/* what has been sent has no proper end */
	bool starved;			/* TCP has no memory, and nothing of ours to send */
	unsigned long took;		/* jiffies: when the socket last took something */
};

/* pages of one command, from the stock */
struct tcmi_data {
	struct tcmi_chunk *chunks;
	struct scatterlist *sgl;
	u32 nents;
};

/**
 * struct tcmi_shelf - chunks of one order, first in, first out
 */
struct tcmi_shelf {
	struct tcmi_chunk *first;
	struct tcmi_chunk *last;
	u32 count;
	u32 low;		/* the least @count of this period */
};

/* owned by the connection's thread */
struct tcmi_stock {
	struct tcmi_shelf shelf[TCMI_STOCK_ORDER + 1];
	unsigned long tick;	/* end of the period, jiffies; 0 none has begun */
	bool closed;		/* nothing is kept any more */
};

/* bit of tcmi_caller.flags */
#define TCMI_CALLER_STARTED	0	/* start_work has been queued */

/**
 * struct tcmi_caller - a TCP connection as the portal and the socket know it
 *
 * All there is until the first byte, so it is kept small.
 */
struct tcmi_caller {
	struct kref ref;		/* portal's lists, then @conn; queued start_work */
	unsigned long flags;
	struct work_struct start_work;

	/* set at accept, then read-only */
	struct socket *sock;
	struct tcmi_portal *portal;	/* ref */
	unsigned long accepted;		/* jiffies */
	void (*saved_data_ready)(struct sock *sk);
	void (*saved_write_space)(struct sock *sk);
	void (*saved_state_change)(struct sock *sk);

	/* sk_callback_lock; set once */
	struct tcmi_conn *conn;		/* valid until tcmi_caller_detach() */

	/* portal->lock */
	struct tcmi_source *source;	/* NULL once the login is over */
	struct list_head entry;		/* portal->silent or portal->logins */
	struct list_head source_entry;
	bool login;			/* which of the two */
	const struct tcmi_tpg *tpg;	/* which it logs in to, on portal->logins */
};

/* bits of tcmi_conn.flags, any context */
#define TCMI_CONN_KICKED	0
#define TCMI_CONN_CLOSE		1	/* somebody wants it closed */
#define TCMI_CONN_ASK_LOGOUT	3	/* ask the initiator to log out */
#define TCMI_CONN_ANNOUNCE	4	/* tell it before closing */
#define TCMI_CONN_DRAIN		5	/* it has no thread any more: drain_work goes on */
#define TCMI_CONN_UNLINK	2	/* a LUN is removed under its commands */
#define TCMI_CONN_WINDOW	6	/* MaxCmdSN has changed, and no PDU has told yet */

/**
 * struct tcmi_conn - one TCP connection
 */
struct tcmi_conn {
	/* any context */
	struct kref ref;		/* thread, each command, finders */
	atomic_t ncmds;			/* commands not yet released by core */
	atomic_t nparts;		/* of these: not the initiator's requests */
	atomic_long_t quota;		/* bytes of its data here, see quota.c */
	unsigned long flags;
	int state;			/* enum tcmi_conn_state; tcmi_conn_set_state() */
	struct llist_head posts;	/* struct tcmi_cmd.post */
	struct rcuwait wait;		/* its thread, while it sleeps in its loop */
	unsigned long turn;		/* submission under way, 0 none; its taker is the thread */
	struct tcmi_lane *turn_lane;	/* where to; valid while the turn lasts, by RCU */
	unsigned long turn_seen;	/* the watch only */
	struct rcu_head rcu;

	/* set at accept, then read-only */
	struct tcmi_caller *caller;	/* ref */
	struct socket *sock;
	struct tcmi_portal *portal;	/* by @caller's reference */
	struct sockaddr_storage peer;	/* AF_INET however it came by IPv4 */
	struct sockaddr_storage local;	/* of the socket's family: may be v4-mapped */
	char peer_text[TCMI_ADDR_MAX];	/* for log lines and info */
	u32 id;				/* for tracepoints and log lines */
	unsigned long accepted;		/* jiffies */

	/* sess->lock */
	struct list_head sess_entry;

	/* the connection's thread only (others may read for display) */
	struct tcmi_rx rx;
	struct tcmi_tx tx;
	struct tcmi_stock stock;
	struct tcmi_login *login;	/* until full feature phase */
	struct tcmi_refusal *refusal;	/* the answer goes out later: it gets the socket */
	struct tcmi_sess *sess;		/* ref */
	struct iscsip_params params;
	enum iscsip_phase phase;
	u16 cid;
	u32 statsn;			/* next StatSN */
	u32 exp_statsn;			/* as the initiator last said */
	u32 next_ttt;
	struct hlist_head tasks[TCMI_TASK_BUCKETS];	/* struct tcmi_cmd.task, by ITT */
	struct list_head wait_data;	/* commands waiting for Data-Out */
	struct list_head trailing;	/* commands that have ended, their data still to come */
	struct list_head fenced;	/* PREEMPT AND ABORTs behind a gate */
	struct llist_head due;		/* struct tcmi_cmd.post: functions whose turn it is */
	bool due_runs;
	u32 wait_buf;			/* of @wait_data: core has no pages for them yet */
	unsigned long tick;		/* next look at these and @held, jiffies */
	struct list_head submit;	/* commands for core, at the end of this look */
	unsigned long turns;		/* last number of a turn */
	struct list_head held;		/* commands ahead of ExpCmdSN, by CmdSN */
	u32 held_bytes;
	long lent;			/* what @quota may be */
	u32 drain_itt[TCMI_DRAIN_RING];
	u32 drain_next, drain_count;
	struct tcmi_textseq *text;	/* a long SendTargets answer under way */
	bool logout_asked;

	/* deadlines in jiffies, 0 = none; looked at by the thread's loop */
	unsigned long login_deadline;	/* also of the answer to a Logout */
	unsigned long nop_due;
	unsigned long nop_deadline;	/* answer to our NOP-In; 0 until that is sent */
	unsigned long last_rx;
	unsigned long last_data;	/* a Data-Out has come; 0: none yet */
	unsigned long logout_deadline;
	u32 max_told;			/* MaxCmdSN of the last PDU */
	u32 nop_ttt;			/* outstanding ping, or reserved */
	const char *why;		/* first reason for closing */

	/* when the thread has ended: the owner of the thread's fields */
	struct delayed_work drain_work;	/* ref while queued */
	unsigned long drain_since;
};

/*
 * Somebody wants it closed: nothing more is started, since its initiator may be back
 * already, with commands that come behind these.
 */
static inline bool tcmi_conn_over(const struct tcmi_conn *conn)
{
	return test_bit(TCMI_CONN_CLOSE, &conn->flags);
}

/*
 * Nothing more is answered, nor started: the last PDU is queued, behind which nothing goes
 * (4.6.3.3), or the teardown has begun. Context: any.
 */
static inline bool tcmi_conn_mute(const struct tcmi_conn *conn)
{
	return READ_ONCE(conn->state) >= TCMI_CONN_LOGOUT;
}

static inline struct tcmi_tpg *to_tcmi_tpg(struct se_portal_group *se_tpg)
{
	return container_of(se_tpg, struct tcmi_tpg, se_tpg);
}

static inline struct tcmi_acl *to_tcmi_acl(struct se_node_acl *se_acl)
{
	return container_of(se_acl, struct tcmi_acl, se_acl);
}

static inline struct tcmi_wwn *to_tcmi_wwn(struct se_wwn *wwn)
{
	return container_of(wwn, struct tcmi_wwn, wwn);
}

static inline struct tcmi_np *to_tcmi_np(struct se_tpg_np *se_np)
{
	return container_of(se_np, struct tcmi_np, se_np);
}

/* ---- main.c: ---- */
extern struct mutex tcmi_config_mutex;	/* wwns, tpgs, portals, attributes */
extern struct list_head tcmi_wwns;	/* tcmi_config_mutex; struct tcmi_wwn.entry */
extern struct workqueue_struct *tcmi_wq;	/* unbound: accept, start, close */
extern struct workqueue_struct *tcmi_end_wq;	/* what is freed, and may sleep over it */
extern struct workqueue_struct *tcmi_submit_wq;	/* submissions that may sleep */

/* ---- portal.c: listening sockets ---- */
int tcmi_portal_parse(struct net *net, const char *name, struct sockaddr_storage *addr);
struct tcmi_portal *tcmi_portal_get(struct net *net, const struct sockaddr_storage *addr);
void tcmi_portal_put(struct tcmi_portal *portal);
void tcmi_portal_close_logins(const struct tcmi_tpg *tpg, const char *why);
void tcmi_portal_detach(struct tcmi_portal *portal);

/* ---- caller.c: who has connected ---- */
extern atomic_t tcmi_callers_displaced;
extern atomic_t tcmi_callers_expired;
extern atomic_t tcmi_callers_closed;
void tcmi_source_key(const struct sockaddr_storage *addr, u32 key[TCMI_SOURCE_WORDS]);
void tcmi_caller_new(struct tcmi_portal *portal, struct socket *sock);
void tcmi_caller_put(struct tcmi_caller *caller);
void tcmi_caller_detach(struct tcmi_caller *caller);
u32 tcmi_caller_reap(struct tcmi_portal *portal, unsigned long before);
void tcmi_caller_locates(struct tcmi_caller *caller, const struct tcmi_tpg *tpg);
void tcmi_caller_close(struct tcmi_portal *portal, const struct tcmi_tpg *tpg, const char *why);
void tcmi_caller_discovers(struct tcmi_caller *caller);
void tcmi_caller_login_over(struct tcmi_caller *caller, bool closed);

/* ---- conn.c: the connection object ---- */
struct tcmi_conn *tcmi_conn_new(struct tcmi_caller *caller);
void tcmi_conn_put(struct tcmi_conn *conn);
bool tcmi_conn_set_state(struct tcmi_conn *conn, enum tcmi_conn_state state);
void tcmi_conn_kick(struct tcmi_conn *conn);
void tcmi_conn_close(struct tcmi_conn *conn, const char *why);
void tcmi_conn_drop(struct tcmi_conn *conn, const char *why);
void tcmi_conn_log(const struct tcmi_conn *conn, const char *why);
void tcmi_addr_text(const struct sockaddr_storage *addr, char *text, size_t len);

/* ---- io.c: the thread ---- */
void tcmi_conn_start(struct tcmi_conn *conn);
void tcmi_conn_end(struct tcmi_conn *conn);
struct task_struct *tcmi_io_spawn(struct tcmi_conn *conn);
void tcmi_io_posts(struct tcmi_conn *conn);
void tcmi_io_unspawn(struct task_struct *task);

/* ---- rx.c ---- */
int tcmi_rx_run(struct tcmi_conn *conn);
void tcmi_rx_sg(struct tcmi_conn *conn, struct scatterlist *sg, u32 offset, u32 len);
void tcmi_rx_abandon(struct tcmi_conn *conn);
struct tcmi_pdu *tcmi_rx_reject_new(struct tcmi_conn *conn, u8 reason);

/* ---- tx.c ---- */
int tcmi_tx_run(struct tcmi_conn *conn);
void tcmi_tx_drop(struct tcmi_conn *conn);
bool tcmi_tx_full(const struct tcmi_conn *conn);
void tcmi_tx_cmd(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
void tcmi_tx_r2t(struct tcmi_conn *conn, struct tcmi_cmd *cmd);
struct tcmi_pdu *tcmi_pdu_new(u8 opcode, const void *payload, u32 len);
void tcmi_pdu_free(struct tcmi_pdu *pdu);
void tcmi_tx_pdu(struct tcmi_conn *conn, struct tcmi_pdu *pdu);

/* ---- stock.c ---- */
int tcmi_stock_take(struct tcmi_stock *stock, u32 len, struct tcmi_data *data);
void tcmi_stock_give(struct tcmi_stock *stock, struct tcmi_data *data);
unsigned long tcmi_stock_tick(struct tcmi_stock *stock);
void tcmi_stock_close(struct tcmi_stock *stock);
u32 tcmi_page_crc(u32 crc, struct page *page, u32 off, u32 len);

/* ---- login.c, auth.c ---- */
int tcmi_login_begin(struct tcmi_conn *conn);
void tcmi_login_end(struct tcmi_conn *conn);
bool tcmi_login_started(const struct tcmi_conn *conn);
void tcmi_login_numbers(const struct tcmi_conn *conn, struct iscsip_sn *sn);
struct iscsip_verdict tcmi_login_header(struct tcmi_conn *conn, const struct iscsip_req *req,
					u8 **buf);
struct iscsip_verdict tcmi_login_payload(struct tcmi_conn *conn, const struct iscsip_req *req);
int tcmi_login_reply(struct tcmi_conn *conn, const struct iscsip_req *req, u16 status,
		     const char *why);
void tcmi_auth_init(void);
void tcmi_auth_exit(void);
extern const struct iscsip_hash_ops tcmi_hash_ops;
void tcmi_auth_credentials(const struct tcmi_auth *auth, struct iscsip_credentials *cred);
extern struct tcmi_auth tcmi_discovery_auth;	/* tcmi_config_mutex */
extern bool tcmi_discovery_enforce;		/* tcmi_config_mutex */

/* ---- refusal.c: logins refused again and again ---- */
u32 tcmi_refusal_note(const struct tcmi_conn *conn, const char *initiator, const char *target,
		      u16 status, const char *why);
void tcmi_refusal_success(const struct tcmi_conn *conn, const char *initiator,
			  const char *target);
void tcmi_refusal_dropped(const struct tcmi_conn *conn, const char *why);
int tcmi_refusal_delay(struct tcmi_conn *conn, const struct tcmi_pdu *pdu, u32 delay);
void tcmi_refusal_later(struct tcmi_conn *conn);
void tcmi_refusal_forget(struct tcmi_portal *portal);
void tcmi_refusal_init(void);
void tcmi_refusal_exit(void);

/* ---- sess.c ---- */
bool tcmi_sess_acl_is_double(struct se_node_acl *se_acl, bool *dynamic);
void tcmi_sess_hide_lun(struct se_portal_group *se_tpg, struct se_lun *lun);
struct tcmi_sess *tcmi_sess_new(enum iscsip_session_type type, struct tcmi_tpg *tpg,
				const void *endpoint, const struct iscsip_login *login,
				struct iscsip_verdict *v);
struct iscsip_verdict tcmi_sess_join(struct tcmi_sess *sess, struct tcmi_conn *conn);
struct iscsip_verdict tcmi_sess_publish(struct tcmi_sess *sess);
void tcmi_sess_unpublish(struct tcmi_sess *sess);
void tcmi_sess_leave(struct tcmi_conn *conn);
struct tcmi_sess *tcmi_sess_find(const void *endpoint, const char *name, const u8 *isid,
				 u16 tsih);
void tcmi_sess_put(struct tcmi_sess *sess);
void tcmi_sess_close(struct tcmi_sess *sess, const char *why);
void tcmi_sess_ask_tpg(struct tcmi_tpg *tpg);
void tcmi_sess_close_tpg(struct tcmi_tpg *tpg, const char *why);
void tcmi_sess_close_target(const struct tcmi_wwn *wwn, const char *why);
void tcmi_sess_close_endpoint(const void *endpoint, const char *why);
bool tcmi_sess_wait_tpg(struct tcmi_tpg *tpg, unsigned long timeout);
u32 tcmi_sess_count(const struct tcmi_wwn *wwn);
void tcmi_sess_each_conn(void (*fn)(struct tcmi_conn *conn, void *arg), void *arg);
void tcmi_sess_each(struct tcmi_tpg *tpg, void (*fn)(struct tcmi_sess *sess, void *arg),
		    void *arg);
void tcmi_sess_depart(struct tcmi_sess *sess);

/* ---- target.c: life of targets, portal groups, portals, ACLs ---- */
struct tcmi_wwn *tcmi_wwn_find(const char *norm);
struct tcmi_tpg *tcmi_tpg_lookup(struct tcmi_wwn *wwn, const struct tcmi_conn *conn,
				 bool *disabled);
void tcmi_tpg_get(struct tcmi_tpg *tpg);
void tcmi_tpg_put(struct tcmi_tpg *tpg);
struct se_wwn *tcmi_make_wwn(struct target_fabric_configfs *tf,
			     struct config_group *group, const char *name);
void tcmi_drop_wwn(struct se_wwn *se_wwn);
struct se_portal_group *tcmi_make_tpg(struct se_wwn *se_wwn, const char *name);
void tcmi_drop_tpg(struct se_portal_group *se_tpg);
int tcmi_enable_tpg(struct se_portal_group *se_tpg, bool enable);
struct se_tpg_np *tcmi_make_np(struct se_portal_group *se_tpg, struct config_group *group,
			       const char *name);
void tcmi_drop_np(struct se_tpg_np *se_np);
void tcmi_acl_defaults(struct se_node_acl *se_acl);
int tcmi_init_nodeacl(struct se_node_acl *se_acl, const char *name);

/* ---- nop.c: keepalive; logout.c ---- */
struct iscsip_verdict tcmi_nop_header(struct tcmi_conn *conn, const struct iscsip_req *req);
void tcmi_nop_echo(struct tcmi_conn *conn, struct tcmi_pdu *pdu);
void tcmi_nop_sent(struct tcmi_conn *conn, const struct tcmi_pdu *pdu);
unsigned long tcmi_nop_tick(struct tcmi_conn *conn);
void tcmi_nop_timeout(struct tcmi_conn *conn, const char *why);
struct iscsip_verdict tcmi_logout_header(struct tcmi_conn *conn, const struct iscsip_req *req);
void tcmi_logout_ask(struct tcmi_conn *conn);
void tcmi_logout_announce(struct tcmi_conn *conn);

/* ---- fabric.c, configfs.c, configfs_acl.c, stats.c ---- */
extern const struct target_core_fabric_ops tcmi_fabric_ops;
extern struct configfs_attribute *tcmi_discovery_attrs[];
extern struct configfs_attribute *tcmi_wwn_attrs[];
extern struct configfs_attribute *tcmi_tpg_base_attrs[];
extern struct configfs_attribute *tcmi_tpg_attrib_attrs[];
extern struct configfs_attribute *tcmi_tpg_auth_attrs[];
extern struct configfs_attribute *tcmi_tpg_param_attrs[];
extern struct configfs_attribute *tcmi_np_attrs[];
extern struct configfs_attribute *tcmi_acl_base_attrs[];
extern struct configfs_attribute *tcmi_acl_attrib_attrs[];
extern struct configfs_attribute *tcmi_acl_auth_attrs[];
extern struct configfs_attribute *tcmi_acl_param_attrs[];
extern unsigned int tcmi_cpus_version;
void tcmi_cpus_apply(struct task_struct *task);
int tcmi_configfs_init(void);
void tcmi_configfs_exit(void);
void tcmi_param_defaults(struct tcmi_tpg *tpg);
int tcmi_auth_method_require(struct tcmi_tpg *tpg, bool required);
void tcmi_stats_wwn_groups(struct tcmi_wwn *wwn);
void tcmi_stats_acl_groups(struct tcmi_acl *acl);
extern spinlock_t tcmi_stats_lock;
void tcmi_stats_login_fail(struct tcmi_wwn *wwn, enum tcmi_login_fail type,
			   const char *name, const struct sockaddr_storage *addr,
			   sa_family_t family);
void tcmi_stats_sess_fail(struct tcmi_wwn *wwn, u8 type, const char *name);

#endif
