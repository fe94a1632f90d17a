-- The figures of aws_counts.py as the product's views give them; one row, one column a figure.
SELECT
  (SELECT count(*) FROM identities WHERE provider = 'aws' AND identity_kind = 'iam_user') AS users,
  (SELECT count(*) FROM credentials WHERE provider = 'aws' AND credential_kind = 'access_key' AND status = 'active')
    AS active_keys,
  (SELECT count(*) FROM credentials
   WHERE provider = 'aws' AND credential_kind = 'access_key' AND status = 'active' AND age_days > 90)
    AS active_keys_older_than_90_days,
  (SELECT count(*) FROM identities
   WHERE provider = 'aws' AND identity_kind IN ('iam_user', 'role') AND admin_entitlements > 0) AS admin_principals,
  (SELECT count(*) FROM trusts
   WHERE provider = 'aws' AND trust_kind IN ('cross_account', 'public') AND NOT external_id)
    AS external_trusts_without_external_id,
  (SELECT count(*) FROM trusts WHERE provider = 'aws' AND trust_kind = 'oidc' AND NOT subject_constrained)
    AS oidc_trusts_without_constrained_subject,
  (SELECT count(*) FROM trusts
   WHERE provider = 'aws' AND trust_kind = 'oidc' AND subject_constrained AND subject_wildcard)
    AS oidc_trusts_with_wildcard_subject
