//! OIDC providers of an account: whose tokens IAM takes, and for which audiences. Says nothing of who may become
//! which identity, for that stands in the trust policies of roles; so the file is known, counted, and adds no row.

use serde::Deserialize;

use super::PROVIDER;
use super::answers::{self, Account, Stamp, each_record, past};
use super::envelope::Part;
use crate::inventory::{Fact, Level};
use crate::sources::output::Stop;
use crate::sources::{About, Broken, Input, Output, Probe, Recognised, Reject, Source};

const LIST: &str = "OpenIDConnectProviderList";

/// `aws iam list-open-id-connect-providers` and `get-open-id-connect-provider`.
pub struct OidcProviders;

impl Source for OidcProviders {
    fn about(&self) -> &'static About {
        &About {
            kind: "aws.oidc_providers",
            title: "AWS IAM OIDC providers",
            provider: PROVIDER,
            command: "aws iam list-open-id-connect-providers > oidc-providers.json",
            recognises: "JSON with `OpenIDConnectProviderList`, or with `Url`, `ClientIDList` and `ThumbprintList`",
            facts: &[(Fact::Trust, Level::None)],
            main_view: "trusts",
            precedence: 2,
            names_scope: true,
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Recognised {
        let is_bare = || {
            let outline = probe.outline();
            outline.is_some_and(|outline| {
                outline.elements().first().and_then(|one| one.text_at("Arn")).is_some_and(is_provider)
            })
        };
        let is_answer = answers::has_keys(probe, &["Url", "ClientIDList", "ThumbprintList"]);
        Recognised::yes_if(probe.has_key(LIST) || is_answer || (probe.is_json_array() && is_bare()))
    }

    fn load(&self, input: &Input, out: &mut Output) -> Result<(), Broken> {
        let mut account = Account::default();
        let read = each_record(input, &[LIST], out, &mut |part, out| read(part, &mut account, out));
        // Only the list names the account; of an unknown one there is nothing to say.
        if account.is_known() {
            let scope = account.settle(input, out);
            let note = "issuers and audiences that the account takes; which roles trust them stands in their policies";
            out.cover(PROVIDER, &scope, Fact::Trust, Level::None, Some(note));
        }
        read
    }
}

/// An element of the list, which has nothing but its ARN, or the answer about one provider, which has all else.
#[derive(Deserialize)]
struct Provider {
    #[serde(rename = "Arn")]
    arn: Option<String>,
    #[serde(rename = "Url")]
    url: Option<String>,
    #[serde(rename = "ClientIDList")]
    audiences: Option<Vec<String>>,
    #[serde(rename = "CreateDate")]
    create_date: Option<Stamp>,
}

fn is_provider(arn: &str) -> bool {
    arn.starts_with("arn:aws") && arn.contains(":oidc-provider/")
}

fn read(part: &Part, account: &mut Account, out: &mut Output) -> Result<(), Stop> {
    let provider: Provider = part.parse("an OIDC provider")?;
    match (&provider.arn, &provider.url) {
        (Some(arn), _) if is_provider(arn) => {
            account.of_arn("Arn", arn)?;
        }
        (Some(_), _) => return Err(Reject::because("`Arn` is not the ARN of an OIDC provider").into()),
        (None, Some(url)) if !url.is_empty() && provider.audiences.is_some() => {}
        (None, _) => return Err(Reject::because("the provider has neither an ARN nor an issuer with audiences").into()),
    }
    past("CreateDate", provider.create_date.as_ref(), &part.locator, out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::{Row as _, Trust};
    use crate::sources::fixtures::{covered, reasons};
    use crate::sources::testing::{Loaded, load_fixture};

    fn good(file: &str) -> Loaded {
        load_fixture(&OidcProviders, &format!("aws.oidc_providers/good/{file}"))
    }

    #[test]
    fn providers_are_counted_and_prove_no_trust() {
        let loaded = good("list.json");
        let file = &loaded.estate.files[0];
        assert_eq!((file.rows_read, file.rows_loaded, file.scope_id.as_str()), (3, 3, "111122223333"));
        let note = "issuers and audiences that the account takes; which roles trust them stands in their policies";
        assert_eq!(covered(&loaded), [format!("trust none: {note}")]);
        assert_eq!(loaded.rows(Trust::TABLE, &["trust_id"]).len(), 0);
    }

    #[test]
    fn an_answer_about_one_provider_names_no_account() {
        for file in ["get.json", "get-slurped.json"] {
            let loaded = good(file);
            assert_eq!(covered(&loaded), [""; 0], "{file}");
            assert_eq!(loaded.estate.files[0].rows_loaded, loaded.estate.files[0].rows_read, "{file}");
        }
        assert_eq!(good("bare-list.json").estate.files[0].rows_loaded, 1);
    }

    #[test]
    fn bad_records_are_listed_and_quote_nothing() {
        let loaded = load_fixture(&OidcProviders, "aws.oidc_providers/bad");
        let [broken, wrong] = loaded.estate.files.as_slice() else { panic!("two files") };
        assert!(broken.failure.as_deref().unwrap().starts_with("the file breaks off"), "{broken:?}");
        assert_eq!((wrong.rows_read, wrong.rows_loaded), (4, 1));
        assert_eq!(
            reasons(&loaded),
            [
                "/OpenIDConnectProviderList/1: `Arn` is not the ARN of an OIDC provider",
                "document 2: the provider has neither an ARN nor an issuer with audiences",
                "document 3: `CreateDate` is not a date",
            ]
        );
        loaded.assert_no_canary();
    }
}
