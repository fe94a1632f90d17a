"""What people keep themselves: the register of identities, in a spreadsheet saved as CSV."""
import csv
import io

from . import entra, google
from .kit import *  # noqa: F403


def register():
    user = lambda account, name, path="service/": f"arn:aws:iam::{account}:user/{path}{name}"
    role = lambda account, name: f"arn:aws:iam::{account}:role/{name}"
    rows = [("identity", "owner", "environment", "vendor", "is_human", "notes"),
            (user(PROD, "svc-jenkins"), mail("ingrid.vale"), "prod", "", "no", "to be replaced by GitHub Actions"),
            (user(PROD, "svc-release-bot"), mail("elena.rossi"), "prod", "", "no", ""),
            (user(PROD, "svc-config-sync"), mail("amelia.hart"), "prod", "", "no", ""),
            (user(PROD, "svc-yard-cam"), mail("chidi.okafor"), "prod", "", "no", "cameras of the Rotterdam yard, pilot"),
            (user(PROD, "svc-fuel-cards"), "", "", "", "no", "asked finance, logistics and \"the old team\": nobody"),
            (user(PROD, "svc-old-mailer"), "", "prod", "", "no", "no owner found, see waiver"),
            (user(PROD, "svc-pallas-etl", "vendor/"), mail("farid.haddad"), "prod", "Pallas ETL", "no",
             "contract ended 2025"),
            (user(PROD, "break-glass", ""), mail("amelia.hart"), "prod", "", "yes", "two envelopes, safe of the CIO"),
            (user(PROD, "agent-shared", "agents/"), mail("tomas.berg"), "prod", "", "no", "support, customs, summaries"),
            # The tag says rashid.oduya, who left; the register says who took over.
            (user(PROD, "svc-backup"), mail("farid.haddad"), "prod", "", "no", "taken over from R. Oduya"),
            (user(PROD, "svc-forwarder"), mail("bram.devries"), "prod", "", "no", "deleted?"),
            (role(PROD, "ec2-legacy-admin"), mail("ingrid.vale"), "prod", "", "no", ""),
            (role(PROD, "gha-any-repo"), mail("elena.rossi"), "", "", "no", ""),
            (user(ML, "svc-ml-registry"), mail("nadia.keller"), "prod", "", "no", ""),
            (user(ML, "notebook-runner"), mail("tomas.varga"), "dev", "", "no", ""),
            ("k8s:eu-prod:sa:agents:shared-agent", mail("tomas.berg"), "prod", "", "no", "three copilots; one each planned"),
            ("k8s:eu-prod:sa:monitoring:northbeam-agent", mail("ingrid.vale"), "prod", "Northbeam Telemetry", "no", ""),
            ("gcp:" + google.email("demand-forecast"), mail("farid.haddad"), "prod", "", "no", ""),
            ("gcp:" + google.email("dispatch-planner"), mail("dana.lindqvist"), "prod", "", "no", "agent"),
            ("gcp:" + google.email("tally-labelling"), mail("nadia.keller"), "prod", "Tally Annotation", "no", ""),
            (entra.identity("tariff-scraper"), mail("bram.devries"), "staging", "", "no", "owner not set in Entra"),
            (entra.identity("document-summariser"), mail("greta.weiss"), "prod", "", "no", ""),
            (entra.identity("Northbeam Telemetry Connector"), mail("ingrid.vale"), "prod", "Northbeam Telemetry", "no", ""),
            (f"spiffe://{TRUST_DOMAIN}/ns/agents/sa/dispatch-planner", mail("dana.lindqvist"), "prod", "", "no", "")]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def files():
    return {"register.csv": register()}
