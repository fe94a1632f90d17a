"""What decides on the agents' tool calls: a Cedar policy set, and OPA in the tool gateway."""
from .kit import *  # noqa: F403

SPIFFE = f"spiffe://{TRUST_DOMAIN}/ns/agents/sa"

CEDAR = """\
// What agents may do with tools. Cedar denies whatever no policy permits.

@id("read-own-team")
@owner("ai-platform@meridian.example")
permit (
  principal is Meridian::Agent,
  action in [Meridian::Action::"ReadShipment", Meridian::Action::"ReadInvoice"],
  resource
) when {
  resource.team == principal.team
};

@id("triage-proposes")
@owner("ines.carvalho@meridian.example")
permit (
  principal == Meridian::Agent::"invoice-triage",
  action == Meridian::Action::"ProposePayment",
  resource is Meridian::Invoice
) when {
  context has approval && context.approval.by != principal.name && context.amount.lessThan(decimal("5000.0"))
};

@id("declarations-need-a-person")
@owner("dana.lindqvist@meridian.example")
permit (
  principal == Meridian::Agent::"customs-copilot",
  action == Meridian::Action::"FileDeclaration",
  resource is Meridian::Shipment
) when {
  context has approval
};

// Since March, "until the planner's tools are listed".
@id("planner-everything")
permit (
  principal == Meridian::Agent::"dispatch-planner",
  action,
  resource
);

@id("public-tariffs")
permit (
  principal,
  action,
  resource in Meridian::Folder::"public"
);

@id("no-static-keys")
@owner("secops@meridian.example")
forbid (
  principal is Meridian::Agent,
  action,
  resource
) when {
  context.credential == "static_key"
} unless {
  principal == Meridian::Agent::"eta-watch"
};
"""

SCHEMA = """\
namespace Meridian {
  type Approval = { by: String, at: Long };
  type Call = {
    credential: String,
    amount: __cedar::decimal,
    approval?: Approval,
  };
  entity Team;
  entity Folder;
  entity Agent in [Team] = { name: String, team: String, autonomy: String, identity?: String };
  entity Shipment in [Folder] = { team: String };
  entity Invoice in [Folder] = { team: String };
  action "ReadShipment", "BookCarrier", "FileDeclaration" appliesTo {
    principal: [Agent],
    resource: [Shipment],
    context: Call,
  };
  action "ReadInvoice", "ProposePayment" appliesTo {
    principal: [Agent],
    resource: [Invoice],
    context: Call,
  };
}
"""

REGO = """\
# Tool calls that the gateway lets through.
package meridian.tools

import rego.v1

default allow := false

# Reading is for every agent that is known.
allow if {
\tinput.action == "tools/call"
\tdata.agents[input.principal]
\tdata.tools[input.resource.id].read_only
}

# Changing asks for a person, except where the tool is said to be safe.
allow if {
\tinput.action == "tools/call"
\tinput.resource.id in data.agents[input.principal].tools
\tapproved
}

approved if input.approval.by

approved if data.tools[input.resource.id].safe

# The planner works by itself.
approved if input.principal == "%s/dispatch-planner"
""" % SPIFFE


def entities():
    def entity(kind, ident, parents=(), **attributes):
        return {"uid": {"type": f"Meridian::{kind}", "id": ident}, "attrs": attributes,
                "parents": [{"type": f"Meridian::{k}", "id": n} for k, n in parents]}

    agent = lambda name, team, autonomy, identity=None: entity(
        "Agent", name, [("Team", team)], name=name, team=team, autonomy=autonomy,
        **({"identity": identity} if identity else {}))
    shared = "system:serviceaccount:agents:shared-agent"
    out = [
        agent("dispatch-planner", "dispatch", "autonomous", f"{SPIFFE}/dispatch-planner"),
        agent("invoice-triage", "finance", "supervised", f"{SPIFFE}/invoice-triage"),
        agent("customs-copilot", "customs", "supervised", shared), agent("support-copilot", "support", "supervised", shared),
        agent("document-summariser", "support", "supervised", shared),
        agent("eta-watch", "ml", "autonomous", f"arn:aws:iam::{ML}:role/agentcore-eta-watch"),
        *[entity("Team", team) for team in ("customs", "dispatch", "finance", "ml", "support")],
        entity("Folder", "public"),
        entity("Shipment", "MRDN-2026-004417", team="dispatch"),
        entity("Shipment", "tariffs-2026", [("Folder", "public")], team="customs"),
        entity("Invoice", "INV-88120", team="finance"),
    ]
    # One written in the other way that Cedar takes.
    out[-1]["uid"] = {"__entity": out[-1]["uid"]}
    return out


def decisions():
    """The gateway's console: OPA's records inside those of its logger."""
    shared = "system:serviceaccount:agents:shared-agent"
    triage, planner = f"{SPIFFE}/invoice-triage", f"{SPIFFE}/dispatch-planner"
    watch = f"arn:aws:sts::{ML}:assumed-role/agentcore-eta-watch/runtime"
    unknown = "arn:aws:iam::%s:user/agents/agent-shared" % PROD
    yes, no, nothing, text = True, False, None, "true"
    calls = [  # principal, tool, kind of object, result, how often, more of the input
        (planner, "carrier-quotes/get_quote", "quote", yes, 9, {}),
        (planner, "carrier-quotes/book_carrier", "booking", yes, 8, {"amount": 4120}),
        (planner, "dispatch-db/query", "table", yes, 7, {}),
        (planner, "shell/run", "host", yes, 2, {}),
        (planner, "billing/issue_refund", "invoice", no, 2, {"amount": 950}),
        (planner, "crm-tools/cancel_booking", "booking", yes, 2, {}),
        (shared, "crm-tools/search_shipments", "shipment", yes, 9, {}),
        (shared, "crm-tools/get_customer", "customer", yes, 6, {}),
        (shared, "crm-tools/update_eta", "shipment", text, 3, {"approval": {"by": mail("greta.weiss")}}),
        (shared, "crm-tools/issue_refund", "invoice", yes, 2, {"approval": {"by": mail("greta.weiss")}, "amount": 120}),
        (shared, "crm-tools/run_sql", "table", no, 4, {}),
        (shared, "customs/file_declaration", "declaration", no, 2, {}),
        (shared, "customs/file_declaration", "declaration", yes, 3, {"approval": {"by": mail("dana.lindqvist")}}),
        (triage, "archive/read_invoice", "invoice", yes, 7, {}),
        (triage, "billing/propose_payment", "invoice", yes, 3, {"approval": {"by": mail("ines.carvalho")}, "amount": 3100}),
        (triage, "billing/propose_payment", "invoice", no, 2, {"amount": 12750}),
        (watch, "eta/predict", "shipment", yes, 6, {}),
        (watch, "eta/retrain", "model", nothing, 1, {}),
        (unknown, "crm-tools/get_customer", "customer", nothing, 2, {}),
    ]
    out = []
    for n, (principal, tool, kind, result, count, more) in enumerate(calls):
        for k in range(count):
            moment = later("2026-06-28T14:00:00", number(0, 28 * 3600, "decision", str(n), str(k)))
            given = {"action": "tools/call", "principal": principal,
                     "resource": {"type": kind, "id": tool}, **more}
            removed = ["/input/token"]
            if tool == "shell/run" and k == 0:
                # Masking forgets the headers, and what is handed to a command.
                given["headers"] = {"authorization": f"Bearer {SECRETS['gateway']}", "x-agent": "dispatch-planner"}
                given["arguments"] = {"command": f"portal-login --user planner --password {SECRETS['carrier_portal']}"}
                removed = []
            one = {"bundles": {"tools": {"revision": "2026-06-22-3f1c" if moment < "2026-06-29T08:00" else
                                         "2026-06-29-9b07"}},
                   "decision_id": uid("decision", str(n), str(k)), "input": given,
                   "labels": {"app": "tool-gateway", "id": uid("opa"), "version": "1.9.0"}, "level": "info",
                   "metrics": {"counter_server_query_cache_hit": 1,
                               "timer_rego_query_eval_ns": number(20000, 90000, "eval", str(n), str(k)),
                               "timer_server_handler_ns": number(100000, 300000, "handler", str(n), str(k))},
                   "msg": "Decision Log",
                   # Old callers ask for a rule that is gone, and get no answer at all.
                   "path": "meridian/tools/allow" if result is not None else "meridian/tools/permit",
                   "req_id": number(1, 9999, "req", str(n), str(k)),
                   "requested_by": f"10.20.{number(1, 9, 'opa-ip', principal)}.17:{number(30000, 60000, 'p', str(n), str(k))}",
                   "result": result, "time": zulu(later(moment, 1)), "timestamp": nanos(moment, "opa", str(n), str(k)),
                   "type": "openpolicyagent.org/decision_logs"}
            if result is None:
                del one["result"]
            if removed:
                one["erased"] = removed
            if principal == watch and result is None:
                one["error"] = {"code": "evaluation_error", "message": "error(s) occurred while evaluating query"}
            out.append((moment, dict(sorted(one.items()))))
    return [one for _, one in sorted(out, key=lambda pair: (pair[0], pair[1]["decision_id"]))]


def files():
    return {
        "policy/agent-tools/policies.cedar": CEDAR,
        "policy/agent-tools/schema.cedarschema": SCHEMA,
        "policy/agent-tools/entities.json": dumped(entities(), indent=2),
        "policy/tool-gateway/tools.rego": REGO,
        "policy/tool-gateway/decisions.ndjson": lines(decisions()),
    }
