#include "store/statements.h"

#include "store/account.h"
#include "store/admin_token.h"
#include "store/approval.h"
#include "store/audit_read.h"
#include "store/birth.h"
#include "store/birth_admin.h"
#include "store/birth_ek.h"
#include "store/bootstrap.h"
#include "store/certificate.h"
#include "store/child.h"
#include "store/client.h"
#include "store/consumer.h"
#include "store/crl.h"
#include "store/crl_source.h"
#include "store/device.h"
#include "store/enrollment.h"
#include "store/event.h"
#include "store/evidence.h"
#include "store/external.h"
#include "store/feed.h"
#include "store/grant.h"
#include "store/guess.h"
#include "store/expiry.h"
#include "store/health.h"
#include "store/home.h"
#include "store/import.h"
#include "store/label.h"
#include "store/notice.h"
#include "store/owner.h"
#include "store/policy.h"
#include "store/proposal.h"
#include "store/record.h"
#include "store/registry.h"
#include "store/renewal.h"
#include "store/service.h"
#include "store/session.h"
#include "store/set_certificates.h"
#include "store/set_reenroll.h"
#include "store/status.h"
#include "store/transfer.h"
#include "store/unit.h"
#include "store/unit_set.h"
#include "store/verdict.h"
#include "store/view.h"

const struct stmt *const *const store_statements[] = {
	account_stmts,
	admin_token_stmts,
	proposal_stmts,
	approval_stmts,
	audit_stmts,
	record_stmts,
	birth_stmts,
	birth_admin_stmts,
	birth_ek_stmts,
	bootstrap_stmts,
	certificate_stmts,
	client_stmts,
	consumer_stmts,
	crl_stmts,
	crl_source_stmts,
	device_stmts,
	enrollment_stmts,
	event_stmts,
	evidence_stmts,
	external_stmts,
	feed_stmts,
	child_stmts,
	grant_stmts,
	guess_stmts,
	expiry_stmts,
	health_stmts,
	home_stmts,
	import_stmts,
	label_stmts,
	notice_stmts,
	owner_stmts,
	policy_stmts,
	registry_stmts,
	renewal_stmts,
	service_stmts,
	session_stmts,
	status_stmts,
	transfer_stmts,
	unit_stmts,
	unit_set_stmts,
	set_certificates_stmts,
	set_reenroll_stmts,
	verdict_stmts,
	view_stmts,
	NULL,
};
