//! Names of pods that something else made: which workload a pod is of, where only its name is known.

/// The letters of which Kubernetes makes the ends of names: no vowels, so that no word comes out.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The workload that a pod is of, from the pod's name: `api` of `api-5d9c7b8f64-x2x4z`, `backup` of
/// `backup-29112345-x2x4z`, `db` of `db-0`. A name without such an end is the workload's own.
pub(super) fn workload_of(pod: &str) -> &str {
    if let Some((made_by, end)) = pod.rsplit_once('-') {
        if end.len() == 5 && end.chars().all(|letter| LETTERS.contains(letter)) && !made_by.is_empty() {
            return without_hash(without_run(made_by));
        }
        // Pods of a StatefulSet are numbered.
        if !made_by.is_empty() && end.len() <= 4 && !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit()) {
            return made_by;
        }
    }
    pod
}

/// The name of a Deployment, from that of its ReplicaSet.
fn without_hash(name: &str) -> &str {
    let is_hash = |end: &str| (8..=10).contains(&end.len()) && end.chars().all(|letter| LETTERS.contains(letter));
    name.rsplit_once('-').filter(|(name, end)| !name.is_empty() && is_hash(end)).map_or(name, |(name, _)| name)
}

/// The name of a CronJob, from that of one of its Jobs, which ends in the minutes (or, long ago, seconds)
/// since 1970.
pub(super) fn without_run(job: &str) -> &str {
    let is_run = |run: &str| matches!(run.len(), 8 | 10) && run.bytes().all(|byte| byte.is_ascii_digit());
    job.rsplit_once('-').filter(|(name, run)| !name.is_empty() && is_run(run)).map_or(job, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_names_its_workload() {
        for (pod, workload) in [
            ("api-5d9c7b8f64-x2x4z", "api"),
            ("web-api-6799fc88d8-bcdfg", "web-api"),
            ("fluentd-x2x4z", "fluentd"),
            ("backup-29112345-x2x4z", "backup"),
            ("migrate-7-x2x4z", "migrate-7"),
            ("db-0", "db"),
            ("db-proxy", "db-proxy"),
            ("api", "api"),
            ("-x2x4z", "-x2x4z"),
            ("run-20260601", "run-20260601"),
        ] {
            assert_eq!(workload_of(pod), workload, "{pod}");
        }
    }
}
