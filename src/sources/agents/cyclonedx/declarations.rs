//! Attestations of CycloneDX (CDXA): how far a requirement is met, who says so and on what evidence. The figure
//! becomes one of the words of ISO/IEC 33020, by that standard's own bounds. An attestation carries no date of its
//! own: it is given with the bill, and holds as long as its first evidence does.

use std::collections::BTreeMap;
use std::io::Cursor;

use base64::Engine as _;
use serde::Deserialize;

use crate::config::Moment;
use crate::inventory::column::Word;
use crate::inventory::schema::Attestation;
use crate::sources::output::Stop;
use crate::sources::{Broken, Input, Output, Reject, hash};

/// The scope of an answer that is about the organisation as a whole.
const EVERYWHERE: &str = "*";

#[derive(Deserialize)]
pub(super) struct Declarations {
    #[serde(default)]
    assessors: Vec<Assessor>,
    #[serde(default)]
    attestations: Vec<Attested>,
    #[serde(default)]
    claims: Vec<Claim>,
    #[serde(default)]
    evidence: Vec<Evidence>,
    affirmation: Option<Affirmation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assessor {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    third_party: Option<bool>,
    organization: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Attested {
    assessor: Option<String>,
    #[serde(default)]
    map: Vec<Mapped>,
}

#[derive(Deserialize)]
struct Mapped {
    requirement: Option<String>,
    #[serde(default)]
    claims: Vec<String>,
    conformance: Option<Conformance>,
}

#[derive(Deserialize)]
struct Conformance {
    score: Option<f64>,
    rationale: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    #[serde(default)]
    evidence: Vec<String>,
    #[serde(default)]
    external_references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Evidence {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    #[serde(default)]
    data: Vec<Data>,
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    contents: Option<Contents>,
}

#[derive(Deserialize)]
struct Contents {
    url: Option<String>,
    attachment: Option<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    content: Option<String>,
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Affirmation {
    #[serde(default)]
    signatories: Vec<Signatory>,
}

#[derive(Deserialize)]
struct Signatory {
    name: Option<String>,
    role: Option<String>,
}

/// The names of requirements.
#[derive(Deserialize, Default)]
pub(super) struct Definitions {
    #[serde(default)]
    standards: Vec<Standard>,
}

#[derive(Deserialize)]
struct Standard {
    #[serde(default)]
    requirements: Vec<Requirement>,
}

#[derive(Deserialize)]
struct Requirement {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    identifier: Option<String>,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Definitions {
    /// What a requirement is called where it is defined, else how the bill refers to it.
    fn name<'a>(&'a self, reference: &'a str) -> &'a str {
        let requirements = self.standards.iter().flat_map(|standard| &standard.requirements);
        let mut named = requirements.filter(|requirement| requirement.bom_ref.as_deref() == Some(reference));
        named.find_map(|requirement| filled(requirement.identifier.as_ref())).unwrap_or(reference)
    }
}

impl Declarations {
    /// Writes every attestation; how many there are.
    pub fn write(
        &self,
        definitions: &Definitions,
        made_at: Option<Moment>,
        input: &Input,
        out: &mut Output,
    ) -> Result<usize, Broken> {
        let mut count = 0;
        for (number, attestation) in self.attestations.iter().enumerate() {
            for (at, mapped) in attestation.map.iter().enumerate() {
                count += 1;
                let locator = format!("/declarations/attestations/{number}/map/{at}");
                out.record(&locator, |out| {
                    let row = self.row(attestation, mapped, definitions, out)?;
                    if let Some(row) = row {
                        let (source_id, locator) = (input.source_id.clone(), locator.clone());
                        out.push(Attestation { answered_at: made_at, source_id, locator, ..row })?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(count)
    }

    fn row(
        &self,
        attestation: &Attested,
        mapped: &Mapped,
        definitions: &Definitions,
        out: &mut Output,
    ) -> Result<Option<Attestation>, Stop> {
        let reference = filled(mapped.requirement.as_ref())
            .ok_or_else(|| Reject::because("the attestation names no requirement"))?;
        let Some(score) = mapped.conformance.as_ref().and_then(|conformance| conformance.score) else {
            // Claims without a verdict: nobody said yet how far it is met.
            return Ok(None);
        };
        let answer =
            answer(score).ok_or_else(|| Reject::because("`conformance.score` does not lie between 0 and 1"))?;
        let assessor =
            self.assessors.iter().find(|known| known.bom_ref.is_some() && known.bom_ref == attestation.assessor);
        let organisation = assessor.and_then(|known| filled(known.organization.as_ref()?.name.as_ref()));
        let signatory = self.affirmation.as_ref().and_then(|affirmation| affirmation.signatories.first());
        let signed_by = signatory.and_then(|signatory| filled(signatory.name.as_ref()));
        let claims: Vec<&Claim> = refer(&self.claims, &mapped.claims, |claim| claim.bom_ref.as_deref());
        let evidence: Vec<&Evidence> = claims
            .iter()
            .flat_map(|claim| refer(&self.evidence, &claim.evidence, |one| one.bom_ref.as_deref()))
            .collect();
        let mut expires_at: Option<Moment> = None;
        for one in &evidence {
            if let Some(text) = filled(one.expires.as_ref()) {
                let end = out.date("evidence.expires", text)?;
                expires_at = Some(expires_at.map_or(end, |known| known.min(end)));
            }
        }
        let contents = || evidence.iter().flat_map(|one| &one.data).filter_map(|data| data.contents.as_ref());
        let links =
            claims.iter().flat_map(|claim| &claim.external_references).filter_map(|link| filled(link.url.as_ref()));
        Ok(Some(Attestation {
            question_id: definitions.name(reference).to_owned(),
            scope_id: Word::from(EVERYWHERE),
            answer: Some(Word::from(answer)),
            answered_by: organisation.or(signed_by).map(str::to_owned),
            // A signatory's role is not the assessor's.
            role: match organisation {
                Some(_) => None,
                None => signatory.and_then(|signatory| filled(signatory.role.as_ref())).map(str::to_owned),
            },
            expires_at,
            evidence_ref: contents()
                .find_map(|contents| filled(contents.url.as_ref()))
                .or_else(|| links.into_iter().next())
                .map(str::to_owned),
            evidence_sha256: contents().find_map(|contents| contents.attachment.as_ref()?.digest()),
            third_party: assessor.and_then(|assessor| assessor.third_party),
            comment: mapped
                .conformance
                .as_ref()
                .and_then(|conformance| filled(conformance.rationale.as_ref()))
                .map(str::to_owned),
            ..Attestation::default()
        }))
    }
}

/// The parts that are referred to, in the order of the references.
fn refer<'a, T>(parts: &'a [T], references: &[String], id: impl Fn(&T) -> Option<&str>) -> Vec<&'a T> {
    let by_id: BTreeMap<&str, &T> = parts.iter().filter_map(|part| Some((id(part)?, part))).collect();
    references.iter().filter_map(|reference| by_id.get(reference.as_str()).copied()).collect()
}

/// The word for a share of what is asked: up to 15 %, 50 %, 85 %, and above.
fn answer(score: f64) -> Option<&'static str> {
    match score {
        score if !(0.0..=1.0).contains(&score) => None,
        score if score <= 0.15 => Some("not"),
        score if score <= 0.5 => Some("partially"),
        score if score <= 0.85 => Some("largely"),
        _ => Some("fully"),
    }
}

impl Attachment {
    /// The digest of the document that is packed into the bill.
    fn digest(&self) -> Option<String> {
        let content = self.content.as_deref().filter(|content| !content.is_empty())?;
        let bytes = match self.encoding.as_deref() {
            Some("base64") => base64::engine::general_purpose::STANDARD.decode(content).ok()?,
            _ => content.as_bytes().to_vec(),
        };
        hash::of_reader(Cursor::new(bytes)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_words_by_the_bounds_of_the_standard() {
        for (score, word) in [
            (0.0, Some("not")),
            (0.15, Some("not")),
            (0.16, Some("partially")),
            (0.5, Some("partially")),
            (0.8, Some("largely")),
            (0.85, Some("largely")),
            (0.86, Some("fully")),
            (1.0, Some("fully")),
            (1.1, None),
            (-0.1, None),
            (f64::NAN, None),
        ] {
            assert_eq!(answer(score), word, "{score}");
        }
    }

    #[test]
    fn an_attachments_digest_is_of_the_document_not_of_its_packing() {
        let digest = |content: &str, encoding: Option<&str>| {
            Attachment { content: Some(content.into()), encoding: encoding.map(str::to_owned) }.digest()
        };
        // printf abc | sha256sum
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc", None).as_deref(), Some(expected));
        assert_eq!(digest("YWJj", Some("base64")).as_deref(), Some(expected));
        assert_eq!(digest("!", Some("base64")), None);
        assert_eq!(digest("", None), None);
    }
}
