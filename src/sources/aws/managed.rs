//! Policies of AWS itself that accounts attach most, for exports made without their documents. What each
//! amounts to was checked against the documents of 2026; a policy that is not here stays unknown.

use super::grants::Verdict;

/// A policy of AWS, judged as a whole.
#[derive(Debug)]
pub(super) struct Known {
    /// Path and name, after `policy/`.
    name: &'static str,
    /// What it grants above all, as its document would say; empty where that cannot be said in short.
    action: &'static str,
    is_admin: bool,
    can_escalate: bool,
    /// Whether it lets its holder make a service run something as a role passed to it.
    pub creates_compute: bool,
}

/// Many single actions, none of them open-ended.
const fn reads(name: &'static str) -> Known {
    Known { name, action: "", is_admin: false, can_escalate: false, creates_compute: false }
}

/// Every action of a service, on everything.
const fn owns(name: &'static str, action: &'static str) -> Known {
    Known { action, ..reads(name) }
}

/// The same where the service runs things, or where it comes with making functions or stacks.
const fn runs(name: &'static str, action: &'static str) -> Known {
    Known { creates_compute: true, ..owns(name, action) }
}

/// What PowerUserAccess leaves out.
const BUT_IAM: &str = "iam:* organizations:* account:*";

const KNOWN: &[Known] = &[
    Known { is_admin: true, can_escalate: true, ..runs("AdministratorAccess", "*") },
    runs("PowerUserAccess", BUT_IAM),
    Known { can_escalate: true, ..owns("IAMFullAccess", "iam:*") },
    reads("ReadOnlyAccess"),
    reads("job-function/ViewOnlyAccess"),
    reads("SecurityAudit"),
    reads("IAMReadOnlyAccess"),
    owns("AmazonS3FullAccess", "s3:*"),
    reads("AmazonS3ReadOnlyAccess"),
    // Passes roles only under a condition, as do those of Lambda and Bedrock.
    runs("AmazonDynamoDBFullAccess", "dynamodb:*"),
    runs("AWSLambda_FullAccess", "lambda:*"),
    runs("AmazonBedrockFullAccess", "bedrock:*"),
    runs("AmazonEC2FullAccess", "ec2:*"),
    reads("AmazonEC2ReadOnlyAccess"),
    reads("AmazonEC2ContainerRegistryReadOnly"),
    owns("AmazonSQSFullAccess", "sqs:*"),
    owns("AmazonSNSFullAccess", "sns:*"),
    owns("AmazonSESFullAccess", "ses:*"),
    owns("CloudWatchLogsFullAccess", "logs:*"),
    runs("SecretsManagerReadWrite", "secretsmanager:*"),
    reads("AmazonSSMManagedInstanceCore"),
    reads("service-role/AWSLambdaBasicExecutionRole"),
];

impl Known {
    /// The policy of that ARN, in whatever partition.
    pub(super) fn find(arn: &str) -> Option<&'static Self> {
        let (_, name) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
        KNOWN.iter().find(|known| known.name == name)
    }

    /// The action and kind of its one row: those of its main statement, so that the row is the same with and
    /// without the document; else the name under which it is attached.
    pub(super) fn row<'a>(&'a self, attached_as: &'a str) -> (&'a str, &'static str) {
        match self.action {
            "" => (attached_as, "role"),
            BUT_IAM => (BUT_IAM, "not_action"),
            action => (action, "permission"),
        }
    }

    /// What it amounts to; each applies to every resource.
    pub(super) fn verdict(&self, is_denied_everything: bool) -> Verdict {
        Verdict {
            is_admin: Some(self.is_admin && !is_denied_everything),
            is_wildcard_action: Some(!self.action.is_empty()),
            is_wildcard_resource: Some(true),
            can_escalate: Some(self.can_escalate && !is_denied_everything),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_by_arn_alone() {
        let admin = Known::find("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
        assert_eq!(admin.verdict(false), Verdict::all(Some(true)));
        assert_eq!(admin.verdict(true).is_admin, Some(false));
        assert_eq!(admin.row("x"), ("*", "permission"));
        let power = Known::find("arn:aws:iam::aws:policy/PowerUserAccess").unwrap();
        assert_eq!(power.row("x"), ("iam:* organizations:* account:*", "not_action"));
        assert!(Known::find("arn:aws-us-gov:iam::aws:policy/job-function/ViewOnlyAccess").is_some());
        let audit = Known::find("arn:aws:iam::aws:policy/SecurityAudit").unwrap();
        assert_eq!(audit.row("SecurityAudit"), ("SecurityAudit", "role"));
        assert!(Known::find("arn:aws:iam::111122223333:policy/AdministratorAccess").is_none());
        assert!(Known::find("arn:aws:iam::aws:policy/ViewOnlyAccess").is_none());
    }
}
