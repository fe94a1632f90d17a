-- From tables to views. Each section below is one SELECT whose result takes the section's name and can be
-- read by the sections after it. Sections in capitals are steps; the others are the views that checks read,
-- with the columns that inventory/views.rs declares (a test compares the two).
--
-- Given by the engine beside the tables of the inventory:
--   src        (source_id, as_of, rank)           rank 1 is the source to believe first
--   cover      (provider, scope_id, f_<fact> ...) how far evidence covers a fact for rows of the scope
--   own        (provider, scope_id, declared ...) the scopes of the estate
--   estate     (declared, agents_complete,        one row: whether rungs.yaml declares scopes, and whether the
--              identities_complete)               evidence on agents and on identities is complete
--   ai_use     computed between IDENTITIES_PLAIN and identities, from selectors in rungs.yaml
--
-- Moments are microseconds in UTC; durations are relative to the moment of the export, and a moment after it
-- has none.

-- section: ALIASES
-- What exports call an identity that others know better; `access/alias.rs` says the same for the access graph.
-- Exports of AWS that do not print an ARN name a user by account and name. In Entra the credentials and trusts of an
-- application are those of its service principal, which bears the same app id (its native id) in the same tenant;
-- other clouds know the app id alone, the resource manager the resource, some lists an object id of whatever kind.
-- Google Cloud names a service account by address in some exports and by number in others. A name that two identities
-- share names neither.
SELECT alias, coalesce(max(CASE WHEN id LIKE 'entra:%:sp:%' THEN id END), max(id)) AS identity_id
FROM (
  SELECT concat(provider, ':', scope_id, ':user:', name) AS alias, identity_id AS id
  FROM identity
  WHERE kind = 'iam_user' AND scope_id IS NOT NULL
  UNION ALL
  SELECT concat('gcp:', native_id) AS alias, identity_id AS id
  FROM identity
  WHERE provider = 'gcp' AND kind = 'service_account' AND regexp_like(native_id, '^[0-9]+$')
  UNION ALL
  SELECT
    concat(regexp_replace(identity_id, ':sp:[^:]*$', ''), CASE WHEN native_id LIKE '/%' THEN ':mi:' ELSE ':app:' END,
           native_id) AS alias,
    identity_id AS id
  FROM identity
  WHERE identity_id LIKE 'entra:%:sp:%'
  UNION ALL
  SELECT concat('entra:app:', native_id) AS alias, identity_id AS id
  FROM identity
  WHERE (identity_id LIKE 'entra:%:sp:%' OR identity_id LIKE 'entra:%:app:%') AND native_id NOT LIKE '/%'
  UNION ALL
  SELECT regexp_replace(identity_id, ':(sp|user|group):', ':object:') AS alias, identity_id AS id
  FROM identity
  WHERE identity_id LIKE 'entra:%:sp:%' OR identity_id LIKE 'entra:%:user:%' OR identity_id LIKE 'entra:%:group:%'
)
GROUP BY alias
HAVING count(DISTINCT regexp_replace(id, ':(sp|app):[^:]*$', '')) = 1
   AND count(DISTINCT CASE WHEN id LIKE 'entra:%:sp:%' THEN id END) <= 1

-- section: IDENTITY_ROWS
SELECT
  i.* EXCEPT (identity_id),
  coalesce(a.identity_id, i.identity_id) AS identity_id,
  s.rank,
  CASE WHEN i.created_at <= s.as_of
       THEN (CAST(s.as_of AS BIGINT) - CAST(i.created_at AS BIGINT)) / 86400000000 END AS age_days,
  CASE
    WHEN i.last_used_at <= s.as_of
      THEN (CAST(s.as_of AS BIGINT) - CAST(i.last_used_at AS BIGINT)) / 86400000000
    WHEN i.last_used_at IS NULL AND i.last_used_state = 'never' AND i.created_at <= s.as_of
      THEN (CAST(s.as_of AS BIGINT) - CAST(i.created_at AS BIGINT)) / 86400000000
    -- Not used since tracking began is a lower bound; a short window says too little.
    WHEN i.last_used_at IS NULL AND i.last_used_state = 'none_in_window'
         AND (CAST(s.as_of AS BIGINT) - CAST(i.tracking_since AS BIGINT)) / 86400000000 >= 365
      THEN (CAST(s.as_of AS BIGINT) - CAST(i.tracking_since AS BIGINT)) / 86400000000
  END AS idle_days
FROM identity i
JOIN src s ON i.source_id = s.source_id
LEFT JOIN ALIASES a ON i.identity_id = a.alias
LEFT JOIN cover v ON i.provider = v.provider AND i.scope_id = v.scope_id
-- A report on sign-ins names applications by their app id. Where all principals are listed and none has it, it is gone.
WHERE i.kind <> 'service_principal' OR i.identity_id NOT LIKE 'entra:%:app:%' OR a.identity_id IS NOT NULL
   OR v.f_identity IS DISTINCT FROM 'full'

-- section: REGISTERED
SELECT DISTINCT identity_id AS alias FROM identity WHERE kind = 'registered'

-- section: REGISTER_NAMES
-- A register of people names an identity by its id or by its name within a scope. A name that two identities share
-- names neither.
SELECT alias, max(listed) AS identity_id
FROM (
  SELECT r.alias, i.identity_id AS listed
  FROM REGISTERED r JOIN IDENTITY_ROWS i ON r.alias = concat('register:', lower(i.identity_id))
  WHERE i.kind <> 'registered'
  UNION ALL
  SELECT r.alias, i.identity_id AS listed
  FROM REGISTERED r
  JOIN IDENTITY_ROWS i ON r.alias = concat('register:', lower(CAST(i.scope_id AS VARCHAR)), ':', lower(i.name))
  WHERE i.kind <> 'registered'
)
GROUP BY alias
HAVING count(DISTINCT listed) = 1

-- section: IDENTITY_KNOWN
-- A register states something of identities that exports list. What no export lists is no identity for all that.
SELECT
  i.* EXCEPT (identity_id),
  coalesce(r.identity_id, i.identity_id) AS identity_id
FROM IDENTITY_ROWS i
LEFT JOIN REGISTER_NAMES r ON i.identity_id = r.alias
WHERE i.kind <> 'registered' OR r.identity_id IS NOT NULL

-- section: IDENTITY_MERGED
SELECT
  identity_id,
  first_value(provider ORDER BY rank, locator) AS provider,
  first_value(scope_id ORDER BY rank, locator) FILTER (WHERE scope_id IS NOT NULL) AS scope_id,
  first_value(kind ORDER BY rank, locator) AS identity_kind,
  first_value(name ORDER BY rank, locator) AS identity_name,
  first_value(native_id ORDER BY rank, locator) AS native_id,
  first_value(is_human ORDER BY rank, locator) FILTER (WHERE is_human IS NOT NULL) AS is_human,
  first_value(owner ORDER BY rank, locator) FILTER (WHERE owner IS NOT NULL) AS identity_owner,
  first_value(owner_basis ORDER BY rank, locator) FILTER (WHERE owner IS NOT NULL) AS owner_basis,
  first_value(environment ORDER BY rank, locator) FILTER (WHERE environment IS NOT NULL) AS environment,
  first_value(environment_basis ORDER BY rank, locator) FILTER (WHERE environment IS NOT NULL) AS environment_basis,
  first_value(vendor ORDER BY rank, locator) FILTER (WHERE vendor IS NOT NULL) AS vendor,
  first_value(created_at ORDER BY rank, locator) FILTER (WHERE created_at IS NOT NULL) AS created_at,
  first_value(age_days ORDER BY rank, locator) FILTER (WHERE age_days IS NOT NULL) AS age_days,
  max(last_used_at) AS last_used_at,
  first_value(last_used_state ORDER BY rank, locator) FILTER (WHERE last_used_state IS NOT NULL) AS last_used_state,
  min(idle_days) AS idle_days,
  first_value(enabled ORDER BY rank, locator) FILTER (WHERE enabled IS NOT NULL) AS enabled,
  first_value(permissions_boundary ORDER BY rank, locator) FILTER (WHERE permissions_boundary IS NOT NULL) AS permissions_boundary,
  first_value(source_id ORDER BY rank, locator) AS source_id,
  first_value(locator ORDER BY rank, locator) AS locator
FROM IDENTITY_KNOWN
GROUP BY identity_id

-- section: KEY_DATES
-- The last-used list names a key but not its creation; another list does.
SELECT credential_id, max(created_at) AS created_at
FROM credential
WHERE kind = 'access_key' AND created_at IS NOT NULL
GROUP BY credential_id

-- section: CREDENTIAL_DATED
-- A key of which no list says when it was made cannot be told from the keys of a full list, so it would count twice.
SELECT
  c.* EXCEPT (created_at, last_used_state),
  coalesce(c.created_at, k.created_at) AS created_at,
  -- What was made after tracking began and not seen since has never been used.
  CASE WHEN c.last_used_state = 'none_in_window' AND c.last_used_at IS NULL
            AND coalesce(c.created_at, k.created_at) >= c.tracking_since
       THEN 'never' ELSE c.last_used_state END AS last_used_state
FROM credential c
LEFT JOIN KEY_DATES k ON c.credential_id = k.credential_id AND c.created_at IS NULL AND c.kind = 'access_key'
LEFT JOIN cover v ON c.provider = v.provider AND c.scope_id = v.scope_id
WHERE c.kind <> 'access_key' OR coalesce(c.created_at, k.created_at) IS NOT NULL OR v.f_credential IS DISTINCT FROM 'full'

-- section: CREDENTIAL_ROWS
SELECT
  c.credential_id,
  coalesce(a.identity_id, c.identity_id) AS identity_id,
  c.provider, c.scope_id, c.kind, c.lifetime, c.status, c.created_at,
  c.expires_at, c.last_rotated_at, c.last_used_at, c.never_expires, c.auto_rotated, c.ttl_seconds,
  c.rotation_days, c.rotation_basis, c.last_used_state, c.last_used_by, c.storage, c.storage_ref, c.shared_scope,
  c.fingerprint, c.fingerprint_sha1, c.source_id, c.locator,
  s.rank,
  CASE WHEN coalesce(c.last_rotated_at, c.created_at) <= s.as_of
       THEN (CAST(s.as_of AS BIGINT) - CAST(coalesce(c.last_rotated_at, c.created_at) AS BIGINT)) / 86400000000
  END AS age_days,
  CASE
    WHEN c.last_used_at <= s.as_of
      THEN (CAST(s.as_of AS BIGINT) - CAST(c.last_used_at AS BIGINT)) / 86400000000
    WHEN c.last_used_at IS NULL AND c.last_used_state = 'never' AND c.created_at <= s.as_of
      THEN (CAST(s.as_of AS BIGINT) - CAST(c.created_at AS BIGINT)) / 86400000000
    WHEN c.last_used_at IS NULL AND c.last_used_state = 'none_in_window'
         AND (CAST(s.as_of AS BIGINT) - CAST(c.tracking_since AS BIGINT)) / 86400000000 >= 365
      THEN (CAST(s.as_of AS BIGINT)
            - greatest(CAST(c.tracking_since AS BIGINT),
                       coalesce(CAST(c.created_at AS BIGINT), 0))) / 86400000000
  END AS idle_days,
  CASE WHEN c.expires_at IS NOT NULL AND c.expires_at > s.as_of
       THEN (CAST(c.expires_at AS BIGINT) - CAST(s.as_of AS BIGINT)) / 1000000 END AS left_seconds
FROM CREDENTIAL_DATED c
JOIN src s ON c.source_id = s.source_id
LEFT JOIN ALIASES a ON c.identity_id = a.alias

-- section: CREDENTIAL_KEYED
-- An access key is the same key in a report (by slot) and in a list (by id): identity and creation time say
-- which, and a number where several were made in the same second.
SELECT
  *,
  CASE WHEN kind = 'access_key' AND identity_id IS NOT NULL AND created_at IS NOT NULL
       THEN concat(identity_id, '|', CAST(CAST(created_at AS BIGINT) AS VARCHAR), '|',
                   CAST(dense_rank() OVER (PARTITION BY identity_id, created_at, credential_id LIKE '%#%'
                                           ORDER BY credential_id) AS VARCHAR))
       ELSE credential_id END AS credential_key
FROM CREDENTIAL_ROWS

-- section: CREDENTIAL_MERGED
SELECT
  credential_key,
  first_value(credential_id ORDER BY rank, locator) AS credential_id,
  first_value(identity_id ORDER BY rank, locator) FILTER (WHERE identity_id IS NOT NULL) AS identity_id,
  first_value(provider ORDER BY rank, locator) AS provider,
  first_value(scope_id ORDER BY rank, locator) FILTER (WHERE scope_id IS NOT NULL) AS scope_id,
  first_value(kind ORDER BY rank, locator) AS credential_kind,
  first_value(lifetime ORDER BY rank, locator) FILTER (WHERE lifetime IS NOT NULL) AS lifetime,
  first_value(status ORDER BY rank, locator) FILTER (WHERE status IS NOT NULL) AS status,
  first_value(created_at ORDER BY rank, locator) FILTER (WHERE created_at IS NOT NULL) AS created_at,
  first_value(expires_at ORDER BY rank, locator) FILTER (WHERE expires_at IS NOT NULL) AS expires_at,
  first_value(last_rotated_at ORDER BY rank, locator) FILTER (WHERE last_rotated_at IS NOT NULL) AS last_rotated_at,
  max(last_used_at) AS last_used_at,
  first_value(last_used_state ORDER BY rank, locator) FILTER (WHERE last_used_state IS NOT NULL) AS last_used_state,
  first_value(last_used_by ORDER BY rank, locator) FILTER (WHERE last_used_by IS NOT NULL) AS last_used_by,
  first_value(never_expires ORDER BY rank, locator) FILTER (WHERE never_expires IS NOT NULL) AS never_expires,
  first_value(auto_rotated ORDER BY rank, locator) FILTER (WHERE auto_rotated IS NOT NULL) AS auto_rotated,
  first_value(ttl_seconds ORDER BY rank, locator) FILTER (WHERE ttl_seconds IS NOT NULL) AS ttl_seconds,
  first_value(rotation_days ORDER BY rank, locator) FILTER (WHERE rotation_days IS NOT NULL) AS rotation_days,
  first_value(rotation_basis ORDER BY rank, locator) FILTER (WHERE rotation_basis IS NOT NULL) AS rotation_basis,
  first_value(storage ORDER BY rank, locator) FILTER (WHERE storage IS NOT NULL) AS storage,
  first_value(storage_ref ORDER BY rank, locator) FILTER (WHERE storage_ref IS NOT NULL) AS storage_ref,
  first_value(shared_scope ORDER BY rank, locator) FILTER (WHERE shared_scope IS NOT NULL) AS shared_scope,
  first_value(fingerprint ORDER BY rank, locator) FILTER (WHERE fingerprint IS NOT NULL) AS fingerprint,
  first_value(fingerprint_sha1 ORDER BY rank, locator) FILTER (WHERE fingerprint_sha1 IS NOT NULL) AS fingerprint_sha1,
  first_value(age_days ORDER BY rank, locator) FILTER (WHERE age_days IS NOT NULL) AS age_days,
  min(idle_days) AS idle_days,
  first_value(left_seconds ORDER BY rank, locator) FILTER (WHERE left_seconds IS NOT NULL) AS left_seconds,
  first_value(source_id ORDER BY rank, locator) AS source_id,
  first_value(locator ORDER BY rank, locator) AS locator
FROM CREDENTIAL_KEYED
GROUP BY credential_key

-- section: SECRET_NAMES
-- Scanners print different hashes of the same value; rows that carry both tie them together.
SELECT fingerprint, min(fingerprint_sha1) AS secret
FROM (SELECT fingerprint, fingerprint_sha1 FROM exposure
      UNION ALL SELECT fingerprint, fingerprint_sha1 FROM credential)
WHERE fingerprint IS NOT NULL AND fingerprint_sha1 IS NOT NULL
GROUP BY fingerprint

-- section: EXPOSURE_ROWS
SELECT * FROM (
  SELECT
    e.*,
    coalesce(e.fingerprint_sha1, n.secret, e.fingerprint) AS secret,
    concat(e.provider, '|', coalesce(e.scope_id, ''), '|', regexp_replace(e.location, ':[0-9]+$', '')) AS place,
    CASE WHEN coalesce(e.first_seen_at, e.detected_at) <= s.as_of
         THEN (CAST(s.as_of AS BIGINT) - CAST(coalesce(e.first_seen_at, e.detected_at) AS BIGINT)) / 86400000000
    END AS age_days,
    row_number() OVER (PARTITION BY e.exposure_id ORDER BY s.rank, e.locator) AS nth
  FROM exposure e
  JOIN src s ON e.source_id = s.source_id
  LEFT JOIN SECRET_NAMES n ON e.fingerprint = n.fingerprint
) WHERE nth = 1

-- section: CREDENTIAL_SECRETS
SELECT
  c.credential_key, c.credential_id, c.identity_id, c.provider, c.scope_id, c.storage, c.storage_ref,
  coalesce(c.fingerprint_sha1, n.secret, c.fingerprint) AS secret
FROM CREDENTIAL_MERGED c
LEFT JOIN SECRET_NAMES n ON c.fingerprint = n.fingerprint

-- section: SECRET_PLACES
SELECT secret, count(DISTINCT place) AS places
FROM EXPOSURE_ROWS
WHERE secret IS NOT NULL
GROUP BY secret

-- section: SECRET_NUMBERS
-- A value that was seen more than once gets a number, so that reuse can be shown without any hash of it.
SELECT secret, row_number() OVER (ORDER BY secret) AS secret_no
FROM (
  SELECT secret, count(*) AS seen
  FROM (SELECT secret FROM EXPOSURE_ROWS UNION ALL SELECT secret FROM CREDENTIAL_SECRETS)
  WHERE secret IS NOT NULL
  GROUP BY secret
) WHERE seen > 1

-- section: SECRET_HOLDERS
-- The identity that a found secret belongs to, where some credential has the same value and names one.
SELECT secret, min(identity_id) AS identity_id
FROM CREDENTIAL_SECRETS
WHERE secret IS NOT NULL AND identity_id IS NOT NULL
GROUP BY secret

-- section: KEY_HOLDERS
SELECT credential_id, min(identity_id) AS identity_id
FROM CREDENTIAL_MERGED
WHERE identity_id IS NOT NULL
GROUP BY credential_id

-- section: EXPOSURES_LINKED
SELECT
  e.*,
  coalesce(e.identity_id, k.identity_id, h.identity_id) AS holder,
  p.places AS places_of_secret
FROM EXPOSURE_ROWS e
LEFT JOIN KEY_HOLDERS k ON e.credential_id = k.credential_id
LEFT JOIN SECRET_HOLDERS h ON e.secret = h.secret
LEFT JOIN SECRET_PLACES p ON e.secret = p.secret

-- section: PERMISSION_USE
-- Some exports tell when permissions were used and not how they are granted: rows that grant nothing, whose action may
-- stand for all of a service (`s3:*`), or for all there are (`*`).
SELECT
  coalesce(a.identity_id, e.identity_id) AS holder,
  lower(e.action) AS action,
  max(e.last_used_at) AS last_used_at,
  CASE WHEN bool_or(e.last_used_state = 'used') THEN 'used' ELSE min(e.last_used_state) END AS last_used_state,
  min(CASE WHEN e.last_used_at <= s.as_of
           THEN (CAST(s.as_of AS BIGINT) - CAST(e.last_used_at AS BIGINT)) / 86400000000 END) AS idle_days
FROM entitlement e
JOIN src s ON e.source_id = s.source_id
LEFT JOIN ALIASES a ON e.identity_id = a.alias
WHERE e.via = 'last-accessed'
GROUP BY coalesce(a.identity_id, e.identity_id), lower(e.action)

-- section: ENTITLEMENT_ROWS
SELECT * FROM (
  SELECT
    coalesce(a.identity_id, e.identity_id) AS holder,
    e.* EXCEPT (last_used_at, last_used_state),
    coalesce(e.last_used_at, u.last_used_at) AS last_used_at,
    -- No action of a service was used where the service was not.
    coalesce(e.last_used_state, u.last_used_state, w.last_used_state) AS last_used_state,
    CASE WHEN e.granted_at <= s.as_of
         THEN (CAST(s.as_of AS BIGINT) - CAST(e.granted_at AS BIGINT)) / 86400000000 END AS age_days,
    CASE WHEN e.last_used_at <= s.as_of
         THEN (CAST(s.as_of AS BIGINT) - CAST(e.last_used_at AS BIGINT)) / 86400000000
         WHEN e.last_used_at IS NULL THEN u.idle_days END AS idle_days,
    row_number() OVER (PARTITION BY e.entitlement_id ORDER BY s.rank, e.locator) AS nth
  FROM entitlement e
  JOIN src s ON e.source_id = s.source_id
  LEFT JOIN ALIASES a ON e.identity_id = a.alias
  LEFT JOIN PERMISSION_USE u
    ON u.holder = coalesce(a.identity_id, e.identity_id) AND u.action = lower(e.action)
       AND e.effect = 'allow' AND e.action_kind = 'permission'
  LEFT JOIN PERMISSION_USE w
    ON w.holder = coalesce(a.identity_id, e.identity_id) AND w.action = concat(split_part(lower(e.action), ':', 1), ':*')
       AND w.last_used_state <> 'used' AND e.effect = 'allow' AND e.action_kind = 'permission'
  WHERE e.via <> 'last-accessed'
) WHERE nth = 1

-- section: TRUST_ROWS
SELECT * FROM (
  SELECT
    t.* EXCEPT (identity_id),
    coalesce(a.identity_id, t.identity_id) AS identity_id,
    CASE WHEN t.created_at <= s.as_of
         THEN (CAST(s.as_of AS BIGINT) - CAST(t.created_at AS BIGINT)) / 86400000000 END AS age_days,
    row_number() OVER (PARTITION BY t.trust_id ORDER BY s.rank, t.locator) AS nth
  FROM trust t
  JOIN src s ON t.source_id = s.source_id
  LEFT JOIN ALIASES a ON t.identity_id = a.alias
) WHERE nth = 1

-- section: USE_ROWS
SELECT * FROM (
  SELECT
    concat(coalesce(a.identity_id, u.identity_id), '|', u.user_kind, '|', u.user_ref) AS use_id,
    u.* EXCEPT (identity_id),
    coalesce(a.identity_id, u.identity_id) AS identity_id,
    row_number() OVER (PARTITION BY coalesce(a.identity_id, u.identity_id), u.user_kind, u.user_ref
                       ORDER BY s.rank, u.locator) AS nth
  FROM identity_use u
  JOIN src s ON u.source_id = s.source_id
  LEFT JOIN ALIASES a ON u.identity_id = a.alias
) WHERE nth = 1

-- section: AGENT_DATED
SELECT
  g.*,
  s.rank,
  CASE WHEN g.created_at <= s.as_of
       THEN (CAST(s.as_of AS BIGINT) - CAST(g.created_at AS BIGINT)) / 86400000000 END AS age_days
FROM agent g JOIN src s ON g.source_id = s.source_id

-- section: AGENT_ROWS
-- A list names an agent, an answer about it says how it is set up, a registry what was decided about it.
SELECT
  agent_id,
  first_value(identity_id ORDER BY rank, locator) FILTER (WHERE identity_id IS NOT NULL) AS identity_id,
  first_value(provider ORDER BY rank, locator) AS provider,
  first_value(scope_id ORDER BY rank, locator) FILTER (WHERE scope_id IS NOT NULL) AS scope_id,
  first_value(name ORDER BY rank, locator) AS name,
  first_value(platform ORDER BY rank, locator) AS platform,
  first_value(model ORDER BY rank, locator) FILTER (WHERE model IS NOT NULL) AS model,
  first_value(model_provider ORDER BY rank, locator) FILTER (WHERE model_provider IS NOT NULL) AS model_provider,
  first_value(version ORDER BY rank, locator) FILTER (WHERE version IS NOT NULL) AS version,
  first_value(owner ORDER BY rank, locator) FILTER (WHERE owner IS NOT NULL) AS owner,
  first_value(environment ORDER BY rank, locator) FILTER (WHERE environment IS NOT NULL) AS environment,
  first_value(created_at ORDER BY rank, locator) FILTER (WHERE created_at IS NOT NULL) AS created_at,
  first_value(autonomy ORDER BY rank, locator) FILTER (WHERE autonomy IS NOT NULL) AS autonomy,
  first_value(human_approval ORDER BY rank, locator) FILTER (WHERE human_approval IS NOT NULL) AS human_approval,
  first_value(delegation ORDER BY rank, locator) FILTER (WHERE delegation IS NOT NULL) AS delegation,
  first_value(memory ORDER BY rank, locator) FILTER (WHERE memory IS NOT NULL) AS memory,
  first_value(guardrail ORDER BY rank, locator) FILTER (WHERE guardrail IS NOT NULL) AS guardrail,
  first_value(inbound_auth ORDER BY rank, locator) FILTER (WHERE inbound_auth IS NOT NULL) AS inbound_auth,
  first_value(network ORDER BY rank, locator) FILTER (WHERE network IS NOT NULL) AS network,
  first_value(registry_status ORDER BY rank, locator) FILTER (WHERE registry_status IS NOT NULL) AS registry_status,
  first_value(enabled ORDER BY rank, locator) FILTER (WHERE enabled IS NOT NULL) AS enabled,
  first_value(age_days ORDER BY rank, locator) FILTER (WHERE age_days IS NOT NULL) AS age_days,
  first_value(source_id ORDER BY rank, locator) AS source_id,
  first_value(locator ORDER BY rank, locator) AS locator
FROM AGENT_DATED
GROUP BY agent_id

-- section: TOOL_ROWS
SELECT * FROM (
  SELECT
    concat(t.agent_id, '|', coalesce(t.server, ''), '|', t.tool) AS tool_id,
    t.*,
    row_number() OVER (PARTITION BY t.agent_id, coalesce(t.server, ''), t.tool ORDER BY s.rank, t.locator) AS nth
  FROM agent_tool t JOIN src s ON t.source_id = s.source_id
) WHERE nth = 1

-- section: CREDENTIALS_OF
SELECT
  identity_id,
  sum(CASE WHEN status = 'active' AND credential_kind NOT IN ('role_session', 'bound_token') THEN 1 ELSE 0 END) AS active_credentials,
  sum(CASE WHEN status = 'active' AND lifetime = 'static' AND credential_kind <> 'password' THEN 1 ELSE 0 END) AS static_credentials,
  sum(CASE WHEN status = 'active' AND credential_kind = 'password' THEN 1 ELSE 0 END) AS active_passwords,
  max(last_used_at) AS last_used_at,
  min(idle_days) AS idle_days,
  count(last_used_state) = count(*) AS states_known,
  coalesce(bool_or(last_used_state = 'used'), false) AS any_used,
  coalesce(bool_or(last_used_state = 'none_in_window'), false) AS any_none_in_window
FROM CREDENTIAL_MERGED
WHERE identity_id IS NOT NULL AND credential_kind NOT IN ('role_session', 'bound_token')
GROUP BY identity_id

-- section: ENTITLEMENTS_OF
SELECT
  holder,
  count(*) AS entitlements,
  sum(CASE WHEN effect = 'allow' AND is_admin THEN 1 ELSE 0 END) AS admin_entitlements,
  sum(CASE WHEN effect = 'allow' AND is_wildcard_action THEN 1 ELSE 0 END) AS wildcard_entitlements,
  sum(CASE WHEN effect = 'allow' AND can_escalate THEN 1 ELSE 0 END) AS escalation_entitlements,
  -- A grant whose document was not exported may be any of these.
  sum(CASE WHEN effect = 'allow' AND is_admin IS NULL THEN 1 ELSE 0 END) AS opaque_entitlements
FROM ENTITLEMENT_ROWS
GROUP BY holder

-- section: TRUSTS_OF
SELECT
  identity_id,
  count(*) AS trusts,
  sum(CASE WHEN kind IN ('oidc', 'spiffe') THEN 1 ELSE 0 END) AS federated_trusts,
  sum(CASE WHEN kind IN ('cross_account', 'cross_tenant', 'public') THEN 1 ELSE 0 END) AS external_trusts,
  max(CASE WHEN kind = 'service' AND (issuer LIKE 'bedrock%') THEN 3
           WHEN kind = 'service' AND issuer LIKE 'sagemaker%' THEN 2 ELSE 0 END) AS ai_rank
FROM TRUST_ROWS
GROUP BY identity_id

-- section: USES_OF
SELECT
  identity_id,
  count(*) AS users_of_identity,
  count(DISTINCT environment) AS environments_of_identity,
  sum(CASE WHEN user_kind = 'human' THEN 1 ELSE 0 END) AS human_users,
  max(CASE user_kind WHEN 'agent' THEN 3 WHEN 'inference_service' THEN 2 ELSE 0 END) AS ai_rank
FROM USE_ROWS
GROUP BY identity_id

-- section: AGENTS_OF
SELECT
  identity_id,
  count(*) AS agents_of_identity,
  max(CASE autonomy WHEN 'autonomous' THEN 3 WHEN 'supervised' THEN 2 WHEN 'manual' THEN 1 END) AS autonomy_rank
FROM AGENT_ROWS
WHERE identity_id IS NOT NULL
GROUP BY identity_id

-- section: EXPOSURES_OF
SELECT holder, sum(CASE WHEN status = 'open' THEN 1 ELSE 0 END) AS open_exposures
FROM EXPOSURES_LINKED
WHERE holder IS NOT NULL
GROUP BY holder

-- section: IDENTITIES_PLAIN
-- Everything about identities but their use by AI. Where a scope does not cover a fact in full, none seen is not
-- none: the count is NULL; what was seen is at least that many.
SELECT
  i.identity_id, i.identity_name, i.identity_kind, i.identity_owner, i.provider, i.scope_id, i.environment,
  CASE g.autonomy_rank WHEN 3 THEN 'autonomous' WHEN 2 THEN 'supervised' WHEN 1 THEN 'manual' END AS agent_autonomy,
  i.source_id, i.locator, i.native_id,
  -- A user of whom nothing says that a person signs in counts as a machine, once the credentials that would show it
  -- have been listed.
  CASE WHEN i.is_human IS NOT NULL THEN i.is_human WHEN i.identity_kind <> 'iam_user' OR c.f_credential = 'full' THEN false
  END AS is_human,
  CASE WHEN i.identity_owner IS NOT NULL THEN true WHEN c.f_owner = 'full' THEN false END AS has_owner,
  i.owner_basis, i.environment_basis,
  CASE WHEN i.environment IS NOT NULL THEN true WHEN c.f_environment = 'full' THEN false END AS has_environment,
  i.vendor, i.created_at,
  greatest(i.last_used_at, k.last_used_at) AS last_used_at,
  CASE
    WHEN i.last_used_state = 'used' OR k.any_used THEN 'used'
    WHEN i.last_used_state IS NOT NULL THEN i.last_used_state
    WHEN k.states_known AND k.any_none_in_window THEN 'none_in_window'
    WHEN k.states_known THEN 'never'
  END AS last_used_state,
  i.enabled, i.permissions_boundary, i.age_days,
  -- Unused as far as one key tells says nothing while another key's use is not known.
  CASE WHEN i.last_used_state = 'used' OR k.any_used OR i.last_used_state IS NOT NULL OR k.states_known
       THEN least(i.idle_days, k.idle_days) END AS idle_days,
  CASE WHEN c.f_credential = 'full' OR k.active_credentials > 0 THEN coalesce(k.active_credentials, 0) END AS active_credentials,
  CASE WHEN c.f_credential = 'full' OR k.static_credentials > 0 THEN coalesce(k.static_credentials, 0) END AS static_credentials,
  CASE WHEN c.f_credential = 'full' OR k.active_passwords > 0 THEN coalesce(k.active_passwords, 0) END AS active_passwords,
  CASE WHEN (SELECT bool_and(agents_complete) FROM estate) OR g.agents_of_identity > 0
       THEN coalesce(g.agents_of_identity, 0) END AS agents_of_identity,
  CASE WHEN c.f_use = 'full' OR u.users_of_identity > 0 THEN coalesce(u.users_of_identity, 0) END AS users_of_identity,
  CASE WHEN c.f_use = 'full' OR u.environments_of_identity > 0 THEN coalesce(u.environments_of_identity, 0) END AS environments_of_identity,
  CASE WHEN c.f_use = 'full' OR u.human_users > 0 THEN coalesce(u.human_users, 0) END AS human_users,
  CASE WHEN (c.f_exposure_code = 'full' AND c.f_exposure_ci = 'full' AND c.f_exposure_messaging = 'full')
            OR x.open_exposures > 0
       THEN coalesce(x.open_exposures, 0) END AS open_exposures,
  CASE WHEN c.f_entitlement = 'full' OR e.entitlements > 0 THEN coalesce(e.entitlements, 0) END AS entitlements,
  -- None seen among grants of which some cannot be read is not known to be none.
  CASE WHEN (c.f_entitlement = 'full' AND coalesce(e.opaque_entitlements, 0) = 0) OR e.admin_entitlements > 0
       THEN coalesce(e.admin_entitlements, 0) END AS admin_entitlements,
  CASE WHEN (c.f_entitlement = 'full' AND coalesce(e.opaque_entitlements, 0) = 0) OR e.wildcard_entitlements > 0
       THEN coalesce(e.wildcard_entitlements, 0) END AS wildcard_entitlements,
  CASE WHEN (c.f_entitlement = 'full' AND coalesce(e.opaque_entitlements, 0) = 0) OR e.escalation_entitlements > 0
       THEN coalesce(e.escalation_entitlements, 0) END AS escalation_entitlements,
  CASE WHEN c.f_trust = 'full' OR t.trusts > 0 THEN coalesce(t.trusts, 0) END AS trusts,
  CASE WHEN c.f_trust = 'full' OR t.federated_trusts > 0 THEN coalesce(t.federated_trusts, 0) END AS federated_trusts,
  CASE WHEN c.f_trust = 'full' OR t.external_trusts > 0 THEN coalesce(t.external_trusts, 0) END AS external_trusts,
  r.reachable,
  r.reaches_admin,
  r.path AS admin_path,
  -- What evidence says of its use by AI; selectors come on top.
  CASE greatest(coalesce(t.ai_rank, 0), coalesce(u.ai_rank, 0), CASE WHEN g.identity_id IS NULL THEN 0 ELSE 3 END)
    WHEN 3 THEN 'agent' WHEN 2 THEN 'inference' END AS ai_evidence,
  coalesce(c.f_use = 'full' AND (SELECT bool_and(agents_complete) FROM estate), false) AS ai_excluded
FROM IDENTITY_MERGED i
LEFT JOIN cover c ON i.provider = c.provider AND i.scope_id = c.scope_id
LEFT JOIN CREDENTIALS_OF k ON i.identity_id = k.identity_id
LEFT JOIN ENTITLEMENTS_OF e ON i.identity_id = e.holder
LEFT JOIN TRUSTS_OF t ON i.identity_id = t.identity_id
LEFT JOIN USES_OF u ON i.identity_id = u.identity_id
LEFT JOIN AGENTS_OF g ON i.identity_id = g.identity_id
LEFT JOIN EXPOSURES_OF x ON i.identity_id = x.holder
LEFT JOIN reach r ON i.identity_id = r.identity_id

-- section: identities
SELECT * FROM IDENTITIES_AI

-- section: credentials
SELECT
  c.credential_key, c.credential_id, c.credential_kind, c.lifetime, c.status, c.created_at, c.expires_at,
  c.last_rotated_at, c.last_used_at, c.last_used_state, c.last_used_by,
  c.never_expires, c.auto_rotated, c.ttl_seconds, c.rotation_days, c.rotation_basis, c.storage, c.storage_ref,
  c.shared_scope, i.is_human,
  CASE WHEN i.identity_id IS NOT NULL THEN true
       WHEN c.identity_id IS NOT NULL AND v.f_identity = 'full' THEN false END AS has_identity,
  c.age_days, c.idle_days,
  CASE WHEN c.expires_at >= c.created_at
       THEN (CAST(c.expires_at AS BIGINT) - CAST(c.created_at AS BIGINT)) / 86400000000 END AS lifetime_days,
  coalesce(c.ttl_seconds, c.left_seconds, CASE WHEN c.lifetime = 'ephemeral' THEN 86400 END) AS ends_in_seconds,
  p.places AS places_of_secret, n.secret_no,
  c.identity_id, coalesce(i.identity_name, c.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  c.provider, c.scope_id, i.environment, i.ai_use, i.agent_autonomy, c.source_id, c.locator
FROM CREDENTIAL_MERGED c
LEFT JOIN identities i ON c.identity_id = i.identity_id
LEFT JOIN cover v ON c.provider = v.provider AND c.scope_id = v.scope_id
LEFT JOIN CREDENTIAL_SECRETS s ON c.credential_key = s.credential_key
LEFT JOIN SECRET_PLACES p ON s.secret = p.secret
LEFT JOIN SECRET_NUMBERS n ON s.secret = n.secret

-- section: entitlements
SELECT
  e.entitlement_id, e.effect, e.action, e.action_kind, e.resource, e.via, e.is_admin, e.is_wildcard_action,
  e.is_wildcard_resource, e.can_escalate, e.condition, e.granted_at, e.expires_at, e.last_used_at,
  e.last_used_state, e.eligible_only,
  -- An object of unknown kind may be a person or a group, whom no list need show.
  CASE WHEN i.identity_id IS NOT NULL THEN true
       WHEN v.f_identity = 'full' AND e.holder NOT LIKE 'entra:%:object:%' THEN false END AS holder_exists,
  (e.via LIKE '%binding:system:%' OR e.holder LIKE 'k8s:%:sa:kube-system:%' OR e.holder LIKE 'k8s:%:sa:kube-public:%'
   OR e.holder LIKE 'k8s:%:sa:kube-node-lease:%' OR e.holder LIKE 'k8s:%:user:system:%'
   OR e.holder LIKE 'k8s:%:group:system:%' OR e.holder LIKE 'arn:%:role/aws-service-role/%') AS holder_builtin,
  e.age_days, e.idle_days,
  e.holder AS identity_id, coalesce(i.identity_name, e.holder) AS identity_name, i.identity_kind, i.identity_owner,
  e.provider, e.scope_id, i.environment, i.ai_use, i.agent_autonomy, e.source_id, e.locator
FROM ENTITLEMENT_ROWS e
LEFT JOIN identities i ON e.holder = i.identity_id
LEFT JOIN cover v ON e.provider = v.provider AND e.scope_id = v.scope_id

-- section: trusts
SELECT
  t.trust_id, t.kind AS trust_kind, t.issuer, t.subject, t.audience, t.subject_constrained, t.subject_wildcard,
  t.audience_constrained, t.external_scope,
  coalesce(t.external_party,
           CASE WHEN t.kind = 'public' THEN true
                WHEN t.kind = 'cross_account' AND w.scope_id IS NOT NULL THEN false
                WHEN t.kind = 'cross_account' AND (SELECT bool_and(declared) FROM estate)
                     AND regexp_like(t.external_scope, '^[0-9]{12}$') THEN true END) AS external_party,
  t.external_id, t.condition, i.vendor, t.created_at, t.last_used_at, t.age_days,
  t.identity_id, coalesce(i.identity_name, t.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  t.provider, t.scope_id, i.environment, i.ai_use, i.agent_autonomy, t.source_id, t.locator
FROM TRUST_ROWS t
LEFT JOIN identities i ON t.identity_id = i.identity_id
LEFT JOIN own w ON t.provider = w.provider AND t.external_scope = w.scope_id

-- section: uses
SELECT
  u.use_id, u.user_kind, u.user_ref, u.environment AS user_environment, u.tenant, u.first_seen, u.last_seen, u.basis,
  u.identity_id, coalesce(i.identity_name, u.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  u.provider, u.scope_id, coalesce(i.environment, u.environment) AS environment, i.ai_use, i.agent_autonomy,
  u.source_id, u.locator
FROM USE_ROWS u
LEFT JOIN identities i ON u.identity_id = i.identity_id

-- section: exposures
SELECT
  e.exposure_id, e.secret_kind, e.location_type, e.location, e.repo_or_channel, e.first_seen_at, e.detected_at,
  e.resolved_at, e.status, e.validity, e.verified, e.public, e.places_of_secret, n.secret_no, e.age_days,
  e.holder AS identity_id, coalesce(i.identity_name, e.holder) AS identity_name, i.identity_kind, i.identity_owner,
  e.provider, e.scope_id, i.environment, i.ai_use, i.agent_autonomy, e.source_id, e.locator
FROM EXPOSURES_LINKED e
LEFT JOIN identities i ON e.holder = i.identity_id
LEFT JOIN SECRET_NUMBERS n ON e.secret = n.secret

-- section: TOOLS_OF
SELECT agent_id, count(*) AS tools, sum(CASE WHEN auth = 'static_secret' THEN 1 ELSE 0 END) AS static_secret_tools
FROM TOOL_ROWS
GROUP BY agent_id

-- section: agents
SELECT
  g.agent_id, g.name AS agent_name, g.platform, g.model, g.model_provider, g.version,
  coalesce(g.owner, i.identity_owner) AS agent_owner,
  g.autonomy, g.human_approval, g.delegation, g.memory, g.guardrail, g.inbound_auth, g.network, g.registry_status,
  g.enabled,
  CASE WHEN g.owner IS NOT NULL THEN true WHEN i.identity_id IS NOT NULL THEN i.has_owner END AS has_owner,
  CASE WHEN i.identity_id IS NOT NULL THEN true
       WHEN g.identity_id IS NOT NULL AND (SELECT bool_and(identities_complete) FROM estate) THEN false END AS has_identity,
  CASE WHEN v.f_agent_tools <> 'none' THEN coalesce(t.tools, 0) END AS tools,
  CASE WHEN v.f_agent_tools <> 'none' THEN coalesce(t.static_secret_tools, 0) END AS static_secret_tools,
  g.created_at, g.age_days,
  g.identity_id, coalesce(i.identity_name, g.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  g.provider, g.scope_id, coalesce(g.environment, i.environment) AS environment, 'agent' AS ai_use,
  g.autonomy AS agent_autonomy, g.source_id, g.locator
FROM AGENT_ROWS g
LEFT JOIN identities i ON g.identity_id = i.identity_id
LEFT JOIN TOOLS_OF t ON g.agent_id = t.agent_id
LEFT JOIN cover v ON g.provider = v.provider AND g.scope_id = v.scope_id

-- section: agent_tools
SELECT
  t.tool_id, t.agent_id, g.name AS agent_name, t.tool, t.server, t.kind AS tool_kind, t.transport, t.endpoint,
  t.third_party, t.auth, t.version_pinned, t.read_only, t.destructive, t.requires_approval, t.code_execution,
  g.identity_id, coalesce(i.identity_name, g.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  t.provider, t.scope_id, coalesce(g.environment, i.environment) AS environment, 'agent' AS ai_use,
  g.autonomy AS agent_autonomy, t.source_id, t.locator
FROM TOOL_ROWS t
LEFT JOIN AGENT_ROWS g ON t.agent_id = g.agent_id
LEFT JOIN identities i ON g.identity_id = i.identity_id

-- section: policy_points
-- What decides, what it protects and which policies it has stand in different exports of one decision point.
SELECT
  p.pdp_id,
  first_value(p.engine ORDER BY s.rank, p.locator) AS engine,
  first_value(p.protects ORDER BY s.rank, p.locator) FILTER (WHERE p.protects IS NOT NULL) AS protects,
  first_value(p.mode ORDER BY s.rank, p.locator) FILTER (WHERE p.mode IS NOT NULL) AS mode,
  first_value(p.policy_count ORDER BY s.rank, p.locator) FILTER (WHERE p.policy_count IS NOT NULL) AS policy_count,
  first_value(p.permit_any_principal ORDER BY s.rank, p.locator) FILTER (WHERE p.permit_any_principal IS NOT NULL) AS permit_any_principal,
  first_value(p.permit_any_action ORDER BY s.rank, p.locator) FILTER (WHERE p.permit_any_action IS NOT NULL) AS permit_any_action,
  first_value(p.permit_any_resource ORDER BY s.rank, p.locator) FILTER (WHERE p.permit_any_resource IS NOT NULL) AS permit_any_resource,
  first_value(p.default_deny ORDER BY s.rank, p.locator) FILTER (WHERE p.default_deny IS NOT NULL) AS default_deny,
  first_value(p.revision ORDER BY s.rank, p.locator) FILTER (WHERE p.revision IS NOT NULL) AS revision,
  first_value(p.signed ORDER BY s.rank, p.locator) FILTER (WHERE p.signed IS NOT NULL) AS signed,
  CAST(NULL AS VARCHAR) AS identity_id, CAST(NULL AS VARCHAR) AS identity_name, CAST(NULL AS VARCHAR) AS identity_kind,
  CAST(NULL AS VARCHAR) AS identity_owner,
  first_value(p.provider ORDER BY s.rank, p.locator) AS provider,
  first_value(p.scope_id ORDER BY s.rank, p.locator) AS scope_id,
  CAST(NULL AS VARCHAR) AS environment, CAST(NULL AS VARCHAR) AS ai_use, CAST(NULL AS VARCHAR) AS agent_autonomy,
  first_value(p.source_id ORDER BY s.rank, p.locator) AS source_id,
  first_value(p.locator ORDER BY s.rank, p.locator) AS locator
FROM policy_point p JOIN src s ON p.source_id = s.source_id
GROUP BY p.pdp_id

-- section: decisions
SELECT
  concat(d.pdp_id, '|', d.principal, '|', d.action, '|', coalesce(d.resource_type, '')) AS decision_id,
  d.pdp_id, d.principal, d.action, d.resource_type, d.allow_n, d.deny_n, d.undefined_n, d.first_at, d.last_at,
  d.identity_id, coalesce(i.identity_name, d.identity_id) AS identity_name, i.identity_kind, i.identity_owner,
  d.provider, d.scope_id, i.environment, i.ai_use, i.agent_autonomy, d.source_id, d.locator
FROM (
  SELECT q.*, row_number() OVER (PARTITION BY q.pdp_id, q.principal, q.action, coalesce(q.resource_type, '')
                                 ORDER BY s.rank, q.locator) AS nth
  FROM decision q JOIN src s ON q.source_id = s.source_id
) d
LEFT JOIN identities i ON d.identity_id = i.identity_id
WHERE d.nth = 1

-- section: events
SELECT
  v.event_id, v.subject_kind, v.subject_id, v.kind AS event_kind, v.at, v.actor, v.outcome, v.due_at, v.age_days,
  i.identity_id, i.identity_name, i.identity_kind, i.identity_owner, v.provider, v.scope_id, i.environment, i.ai_use,
  i.agent_autonomy, v.source_id, v.locator
FROM (
  SELECT
    q.*,
    coalesce(a.identity_id, q.subject_id) AS subject,
    CASE WHEN q.at <= s.as_of THEN (CAST(s.as_of AS BIGINT) - CAST(q.at AS BIGINT)) / 86400000000 END AS age_days,
    row_number() OVER (PARTITION BY q.event_id ORDER BY s.rank, q.locator) AS nth
  FROM event q
  JOIN src s ON q.source_id = s.source_id
  LEFT JOIN ALIASES a ON q.subject_kind = 'identity' AND q.subject_id = a.alias
) v
LEFT JOIN identities i ON v.subject_kind = 'identity' AND v.subject = i.identity_id
WHERE v.nth = 1

-- section: scopes
SELECT
  concat(provider, ':', scope_id) AS scope_key, *
FROM own
