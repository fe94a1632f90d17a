//! The forms in which policies come, and where each policy belongs: search results, assets, effective policies,
//! analyses, and a policy alone, which does not say whose it is. Every binding is a record of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::bindings::{Binding, Bindings, Place};
use super::outline;
use super::{PROVIDER, answers, first_records, is_number, segment};
use crate::inventory::{Fact, Level};
use crate::sources::json::{self, Piece};
use crate::sources::outline::Outline;
use crate::sources::{Broken, Input, Output, Probe};

/// Keys under which pages carry policies.
pub(super) const LISTS: &[&str] = &["results", "assets", "policyResults", "policy_results"];
const MAIN: &str = "mainAnalysis";
const OTHERS: &str = "serviceAccountImpersonationAnalysis";
const ANALYSES: &str = "analysisResults";
const NODE: &str = "//cloudresourcemanager.googleapis.com/";

/// Forms of a file with policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `search-all-iam-policies`: each policy with its resource.
    Search,
    /// Assets with `iamPolicy`.
    Assets,
    /// Effective policies of some resources, those of their ancestors repeated.
    Effective,
    /// What an analysis found: single bindings.
    Analysis,
    /// `get-iam-policy`.
    Single,
}

impl Form {
    /// The form of a file, from its head.
    pub fn of(probe: &Probe<'_>) -> Option<Self> {
        let outline = outline(probe)?;
        if outline.has_any(&[MAIN, OTHERS, ANALYSES]) {
            return Some(Self::Analysis);
        }
        let first = first_records(&outline, LISTS).first().unwrap_or(&outline);
        let has_policy = |key: &str| first.get(key).is_some_and(Outline::is_object);
        if has_policy("policy") && first.text_at("resource").is_some() {
            Some(Self::Search)
        } else if has_policy("iamPolicy") && first.text_at("assetType").is_some() {
            Some(Self::Assets)
        } else if first.has_any(&["fullResourceName", "full_resource_name"]) && first.has("policies") {
            Some(Self::Effective)
        } else if has_policy("iamBinding") {
            Some(Self::Analysis)
        } else {
            let bindings = outline.get("bindings").map_or(&[][..], Outline::elements);
            let is_binding = bindings.first().is_some_and(|binding| binding.has("role") && binding.has("members"));
            is_binding.then_some(Self::Single)
        }
    }
}

/// A policy with what it is attached to, in any of the forms.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(alias = "name", alias = "fullResourceName", alias = "full_resource_name")]
    resource: Option<String>,
    project: Option<String>,
    organization: Option<String>,
    ancestors: Option<Vec<String>>,
    #[serde(alias = "iamPolicy")]
    policy: Option<Policy>,
    policies: Option<Vec<Attached>>,
}

#[derive(Deserialize)]
struct Policy {
    bindings: Option<Vec<Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Attached {
    #[serde(rename = "attachedResource", alias = "attached_resource")]
    resource: String,
    policy: Option<Policy>,
}

#[derive(Deserialize)]
struct Analysis {
    #[serde(rename = "analysisResults")]
    results: Option<Vec<Box<RawValue>>>,
    #[serde(rename = "fullyExplored")]
    is_complete: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    attached_resource_full_name: String,
    iam_binding: Box<RawValue>,
}

/// What one file says.
pub(super) struct Policies<'a> {
    form: Form,
    input: &'a Input,
    bindings: Bindings,
    /// Ids of projects by their numbers: results name the project by number, resources mostly by id.
    projects: BTreeMap<String, String>,
    /// Scopes, and the organisation whose policies hold in them too.
    scopes: BTreeMap<String, Option<String>>,
    /// Resources whose policy was read, in forms that repeat them.
    read: BTreeSet<String>,
    has_groups: bool,
}

impl<'a> Policies<'a> {
    pub fn new(form: Form, input: &'a Input) -> Self {
        Self {
            form,
            input,
            bindings: Bindings::default(),
            projects: BTreeMap::new(),
            scopes: BTreeMap::new(),
            read: BTreeSet::new(),
            has_groups: false,
        }
    }

    pub fn load(&mut self, out: &mut Output) -> Result<(), Broken> {
        if self.form == Form::Single {
            return self.load_single(out);
        }
        if matches!(self.form, Form::Search | Form::Assets) {
            self.learn_projects()?;
        }
        let input = self.input;
        if self.form == Form::Assets && is_lines(input)? {
            return json::documents(input.reader()?, &mut |number, document| {
                self.take_record(document.get(), &format!("document {number}"), out)
            });
        }
        let lists: Vec<&str> = LISTS.iter().copied().chain([ANALYSES, OTHERS]).collect();
        answers(input, &lists, &[MAIN, "organization", "readTime"], out, &mut |piece, out| self.take(piece, out))
    }

    fn take(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Broken> {
        match (piece.key.as_str(), piece.is_element) {
            (MAIN, _) | (OTHERS, true) => self.take_analysis(piece, out),
            (ANALYSES, true) => self.take_found(piece.text(), &piece.pointer, out),
            (_, true) if self.form == Form::Analysis => self.take_found(piece.text(), &piece.pointer, out),
            (_, true) => self.take_record(piece.text(), &piece.pointer, out),
            ("readTime", _) => {
                let at = piece.parse::<String>("a moment").ok().and_then(|at| out.date("readTime", &at).ok());
                at.into_iter().for_each(|at| out.made_at(at));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A policy alone: of the scope that the user states, or the folder is called.
    fn load_single(&mut self, out: &mut Output) -> Result<(), Broken> {
        let scope = self.input.scope_id.clone();
        let is_named = ["projects/", "folders/", "organizations/"].iter().any(|start| scope.starts_with(start));
        let resource = if is_named { scope.clone() } else { format!("projects/{scope}") };
        let scope = scope.strip_prefix("projects/").unwrap_or(&scope).to_owned();
        let place = Place { scope, organisation: None, resource };
        self.scopes.insert(place.scope.clone(), None);
        answers(self.input, &["bindings"], &[], out, &mut |piece, out| {
            if !piece.is_element {
                return Ok(());
            }
            self.take_binding(piece.text(), &place, &piece.pointer, out)
        })
    }

    /// Reads the file once for the ids of projects, which may stand after their numbers.
    fn learn_projects(&mut self) -> Result<(), Broken> {
        let projects = &mut self.projects;
        let mut learn = |text: &str| {
            let Ok(record) = json::parse::<Record>(text, "a policy") else { return };
            let number = record.project_number().map(str::to_owned);
            let id = record.resource.as_deref().and_then(super::project_of);
            if let (Some(number), Some(id)) = (number, id) {
                projects.entry(number).or_insert_with(|| id.to_owned());
            }
        };
        // What is wrong with the file is said when it is read for good.
        let _ = if is_lines(self.input)? {
            json::documents(self.input.reader()?, &mut |_, document| {
                learn(document.get());
                Ok(())
            })
        } else {
            json::pages(self.input.reader()?, LISTS, &[], &mut |_, piece| {
                learn(piece.text());
                Ok(())
            })
            .map(|_| ())
        };
        Ok(())
    }

    fn take_record(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let mut record: Record = match json::parse(text, "a policy and its resource") {
            Ok(record) => record,
            Err(reject) => return out.record(locator, |_| Err(reject.into())),
        };
        if let Some(attached) = record.policies.take() {
            // The policies of a resource come with those of all that it lies in.
            let mut nodes = attached.iter().filter_map(|attached| attached.resource.strip_prefix(NODE));
            let above = nodes.find(|name| name.starts_with("organizations/"));
            record.organization = record.organization.or_else(|| above.map(str::to_owned));
            for (index, attached) in attached.iter().enumerate() {
                // The policies of ancestors come again with each of their resources.
                if self.read.insert(attached.resource.clone()) {
                    let place = self.place(&attached.resource, &record);
                    let locator = format!("{locator}/policies/{index}/policy");
                    self.take_policy(attached.policy.as_ref(), &place, &locator, out)?;
                }
            }
            return Ok(());
        }
        let place = self.place(record.resource.as_deref().unwrap_or_default(), &record);
        let key = if self.form == Form::Assets { "iamPolicy" } else { "policy" };
        let separator = if locator.starts_with("document") && !locator.contains('/') { " " } else { "" };
        self.take_policy(record.policy.as_ref(), &place, &format!("{locator}{separator}/{key}"), out)
    }

    fn take_policy(
        &mut self,
        policy: Option<&Policy>,
        place: &Place,
        locator: &str,
        out: &mut Output,
    ) -> Result<(), Broken> {
        let organisation = place.organisation.clone();
        let known = self.scopes.entry(place.scope.clone()).or_default();
        *known = known.take().or(organisation);
        let bindings = policy.and_then(|policy| policy.bindings.as_deref()).unwrap_or_default();
        if bindings.is_empty() {
            return out.record(locator, |_| Ok(()));
        }
        for (index, binding) in bindings.iter().enumerate() {
            self.take_binding(binding.get(), place, &format!("{locator}/bindings/{index}"), out)?;
        }
        Ok(())
    }

    fn take_analysis(&mut self, piece: &Piece, out: &mut Output) -> Result<(), Broken> {
        let analysis: Analysis = match piece.parse("an analysis") {
            Ok(analysis) => analysis,
            Err(reject) => return out.record(&piece.pointer, |_| Err(reject.into())),
        };
        if analysis.is_complete == Some(false) {
            out.pages_missing(true);
        }
        for (index, found) in analysis.results.iter().flatten().enumerate() {
            self.take_found(found.get(), &format!("{}/{ANALYSES}/{index}", piece.pointer), out)?;
        }
        Ok(())
    }

    fn take_found(&mut self, text: &str, locator: &str, out: &mut Output) -> Result<(), Broken> {
        let found: Found = match json::parse(text, "a result of an analysis") {
            Ok(found) => found,
            Err(reject) => return out.record(locator, |_| Err(reject.into())),
        };
        let place = self.place(&found.attached_resource_full_name, &Record::empty());
        self.scopes.entry(place.scope.clone()).or_default();
        // One binding comes again with each list of resources that it was found for.
        if !self.read.insert(format!("{} {}", place.resource, found.iam_binding.get())) {
            return out.record(locator, |_| Ok(()));
        }
        self.take_binding(found.iam_binding.get(), &place, &format!("{locator}/iamBinding"), out)
    }

    fn take_binding(&mut self, text: &str, place: &Place, locator: &str, out: &mut Output) -> Result<(), Broken> {
        out.record(locator, |out| {
            let binding: Binding = json::parse(text, "a binding")?;
            self.has_groups |= binding.members.iter().flatten().any(|member| member.starts_with("group:"));
            self.bindings.take(&binding, place, locator, self.input, out)
        })
    }

    /// Where a policy belongs: to its project, or to the organisation above it.
    fn place(&self, resource: &str, record: &Record) -> Place {
        let organisation = record.organisation().map(str::to_owned);
        let short = resource.strip_prefix(NODE).unwrap_or(resource);
        let id_of = |project: &str| self.projects.get(project).map_or(project, String::as_str).to_owned();
        if short.starts_with("organizations/") {
            return Place { scope: short.to_owned(), organisation: None, resource: short.to_owned() };
        }
        if short.starts_with("folders/") {
            let scope = organisation.clone().unwrap_or_else(|| short.to_owned());
            return Place { scope, organisation, resource: short.to_owned() };
        }
        let named = segment(short, "projects").filter(|project| *project != "-");
        let named = if short.starts_with("projects/") { short.split('/').nth(1) } else { named };
        let scope = match named.or_else(|| record.project_number()) {
            Some(project) => id_of(project),
            None => organisation.clone().unwrap_or_else(|| self.input.scope_id.clone()),
        };
        let is_project = short.split('/').count() == 2 && short.starts_with("projects/");
        let resource = if is_project { format!("projects/{scope}") } else { short.to_owned() };
        Place { scope, organisation, resource }
    }

    /// States what the file shows. A search or a list of assets finds every policy of its scope, but what holds in
    /// a project from above stands only where the organisation's own policy is.
    pub fn cover(&self, out: &mut Output) {
        if let [(scope, _)] = self.scopes.iter().collect::<Vec<_>>().as_slice() {
            out.about_scope(scope);
        }
        for (scope, organisation) in &self.scopes {
            let is_organisation = scope.starts_with("organizations/");
            let lacks = match self.form {
                Form::Single => Some("policies of what lies in the project, and inherited ones, are not in the file"),
                Form::Effective => Some("only of the resources that were asked for"),
                Form::Analysis => Some("only what the analysis asked for"),
                Form::Search | Form::Assets => match organisation {
                    Some(above) if !self.scopes.contains_key(above) => {
                        Some("policies inherited from folders and the organisation are not in the file")
                    }
                    _ if scope.starts_with("folders/") => Some("policies of the organisation are not in the file"),
                    _ => None,
                },
            };
            let groups =
                self.has_groups.then_some("rights of groups stand at the group; who is in it is not in the file");
            let (level, note) = match lacks {
                Some(lacks) => (Level::Partial, Some(lacks)),
                None => (Level::Full, groups),
            };
            out.cover(PROVIDER, scope, Fact::Entitlement, level, note);
            let (level, note) = match lacks {
                Some(lacks) => (Level::Partial, Some(lacks)),
                None => (Level::Full, None),
            };
            out.cover(PROVIDER, scope, Fact::Trust, level, note);
            if is_organisation {
                // Service accounts and their keys lie in projects alone.
                let note = Some("an organisation itself holds no service accounts");
                for fact in [Fact::Identity, Fact::Credential, Fact::CredentialRotation, Fact::CredentialExpiry] {
                    out.cover(PROVIDER, scope, fact, Level::Full, note);
                }
            } else {
                out.cover(PROVIDER, scope, Fact::Identity, Level::Partial, Some("only those who hold a role"));
            }
        }
    }
}

impl Record {
    const fn empty() -> Self {
        Self { resource: None, project: None, organization: None, ancestors: None, policy: None, policies: None }
    }

    fn ancestor(&self, collection: &str) -> Option<&str> {
        self.ancestors.iter().flatten().map(String::as_str).find(|name| name.starts_with(collection))
    }

    fn organisation(&self) -> Option<&str> {
        self.organization.as_deref().filter(|name| !name.is_empty()).or_else(|| self.ancestor("organizations/"))
    }

    fn project_number(&self) -> Option<&str> {
        let project = self.project.as_deref().or_else(|| self.ancestor("projects/"))?;
        Some(project.strip_prefix("projects/").unwrap_or(project)).filter(|number| is_number(number))
    }
}

/// Whether assets stand one a line, without an array around them.
fn is_lines(input: &Input) -> Result<bool, Broken> {
    let probe = Probe::open(&input.content).map_err(|error| Broken::io(&error))?;
    Ok(!probe.is_json_array() && probe.has_key("assetType"))
}
