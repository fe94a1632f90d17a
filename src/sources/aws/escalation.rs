//! Actions by which a principal of IAM can give itself more than it has, and the resources on which they do.
//! Approximations: what is limited to a path, a name or a condition does not count, boundaries and the
//! organisation's policies are not looked at, and `sts:AssumeRole` is left to the access graph.

use super::pattern::{covers_action, covers_arn, has_wildcard};

/// The kind of thing that an action of IAM changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    User,
    Group,
    Role,
    Policy,
}

/// Actions that are enough by themselves.
pub(super) const ALONE: &[(&str, Target)] = &[
    ("iam:CreatePolicyVersion", Target::Policy),
    ("iam:SetDefaultPolicyVersion", Target::Policy),
    ("iam:CreateAccessKey", Target::User),
    ("iam:CreateLoginProfile", Target::User),
    ("iam:UpdateLoginProfile", Target::User),
    ("iam:AttachUserPolicy", Target::User),
    ("iam:PutUserPolicy", Target::User),
    ("iam:AttachGroupPolicy", Target::Group),
    ("iam:PutGroupPolicy", Target::Group),
    ("iam:AddUserToGroup", Target::Group),
    ("iam:AttachRolePolicy", Target::Role),
    ("iam:PutRolePolicy", Target::Role),
    ("iam:UpdateAssumeRolePolicy", Target::Role),
];

/// Handing a role to a service: enough for who can also make the service run something.
pub(super) const PASS_ROLE: &str = "iam:PassRole";

/// Actions that make a service run code, instructions or a template as a role passed to it.
pub(super) const COMPUTE: &[&str] = &[
    "bedrock-agentcore:CreateAgentRuntime",
    "bedrock-agentcore:CreateCodeInterpreter",
    "bedrock:CreateAgent",
    "cloudformation:CreateStack",
    "codebuild:CreateProject",
    "ec2:RunInstances",
    "ecs:RunTask",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "lambda:CreateFunction",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
];

impl Target {
    pub(super) const ALL: [Self; 4] = [Self::User, Self::Group, Self::Role, Self::Policy];

    /// Whether a resource pattern covers everything of this kind in its account. `user/${aws:username}`
    /// does not, nor does a path or a prefix of names.
    pub(super) fn is_covered_by(self, pattern: &str) -> bool {
        if !has_wildcard(pattern) {
            return false;
        }
        // What the pattern names is taken from it; what it leaves open must be covered by its wildcards.
        let mut parts = pattern.split(':').skip(1);
        let partition = named(parts.next()).unwrap_or("aws");
        let account = named(parts.nth(2)).unwrap_or("000000000000");
        let kind = match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
        };
        // A name that no pattern can mean by accident.
        let example = format!("arn:{partition}:iam::{account}:{kind}/\u{1}\u{2}/\u{2}\u{1}");
        covers_arn(pattern, &example)
    }
}

fn named(part: Option<&str>) -> Option<&str> {
    part.filter(|part| !part.is_empty() && !has_wildcard(part))
}

/// Whether an action pattern covers an action that makes a service run something.
pub(super) fn creates_compute(pattern: &str) -> bool {
    COMPUTE.iter().any(|action| covers_action(pattern, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wildcards_over_all_of_a_kind_count() {
        for (pattern, user, role) in [
            ("*", true, true),
            ("arn:aws:iam::111122223333:*", true, true),
            ("arn:aws:iam::*:user/*", true, false),
            ("arn:aws:iam::111122223333:role/*", false, true),
            ("arn:aws-cn:iam::111122223333:role*", false, true),
            ("arn:*:iam::*:role/*", false, true),
            ("arn:aws:iam::111122223333:role/app-*", false, false),
            ("arn:aws:iam::111122223333:role/app", false, false),
            ("arn:aws:iam::111122223333:user/${aws:username}", false, false),
            ("arn:aws:s3:::*", false, false),
            ("arn:aws:iam::*", true, true),
        ] {
            assert_eq!(Target::User.is_covered_by(pattern), user, "{pattern}");
            assert_eq!(Target::Role.is_covered_by(pattern), role, "{pattern}");
        }
    }

    #[test]
    fn compute_is_found_behind_wildcards() {
        assert!(creates_compute("lambda:Create*") && creates_compute("ec2:*") && creates_compute("*"));
        assert!(!creates_compute("lambda:Get*") && !creates_compute("ecs:UpdateService"));
    }
}
