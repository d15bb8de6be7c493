//! Build script: turns `providers.toml` into a static table, so that nothing is parsed at run time. What is wrong with
//! the table's syntax ends the build with the line and the reason.

#[expect(unreachable_pub, reason = "the crate's own features, which are public there")]
#[path = "src/quirks/feature.rs"]
mod feature;
#[expect(unreachable_pub, reason = "the crate's own flags, which are public there")]
#[path = "src/quirks/flags.rs"]
mod flags;
#[expect(unreachable_pub, dead_code, reason = "the crate's own names, which are public there")]
#[path = "src/operation/kind.rs"]
mod kind;

/// Where `flags` looks for it.
mod operation {
    pub(crate) use crate::kind;
}

extern crate alloc;

use serde::Deserialize;
use std::{
    collections::BTreeMap, collections::BTreeSet, env, fmt, fmt::Write as _, fs, ops::Range, path::Path,
};
use toml::Spanned;

const TABLE: &str = "providers.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Quirks that rows share, by name.
    common: BTreeMap<String, toml::Table>,
    provider: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    dialect: Spanned<String>,
    base_url: Spanned<String>,
    #[serde(default)]
    base_urls: BTreeMap<String, Spanned<String>>,
    base_urls_by: Option<Spanned<String>>,
    #[serde(default)]
    base_url_variables: Vec<String>,
    #[serde(default)]
    placeholders: Vec<Placeholder>,
    #[serde(default)]
    key_variables: Vec<String>,
    authentication: Spanned<Authentication>,
    #[serde(default)]
    headers: Vec<Header>,
    common: Option<Spanned<String>>,
    quirks: Option<Spanned<toml::Table>>,
    /// What the provider has, where that is not the list of its common quirks.
    operations: Option<Vec<kind::OperationKind>>,
    #[serde(skip)]
    merged: flags::Quirks,
    #[serde(default)]
    embedding_models: Vec<String>,
    documentation: Option<String>,
    fallback: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    name: String,
    #[serde(default)]
    variables: Vec<String>,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Authentication {
    Key,
    Header(String),
    Optional,
    None,
    Aws,
    Google,
    Entra,
    Watsonx,
    Databricks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    #[serde(default)]
    variables: Vec<String>,
    value: Option<String>,
}

/// What is wrong, and where in the table's text.
struct Wrong(Option<Range<usize>>, String);

fn main() {
    println!("cargo::rerun-if-changed={TABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/quirks/feature.rs");
    println!("cargo::rerun-if-changed=src/quirks/flags.rs");
    println!("cargo::rerun-if-changed=src/operation/kind.rs");
    let text = match fs::read_to_string(TABLE) {
        Ok(text) => text,
        Err(error) => return fail(&format!("{TABLE}: {error}")),
    };
    match read(&text) {
        Ok(table) => {
            let folder = env::var_os("OUT_DIR").unwrap_or_default();
            if let Err(error) = fs::write(Path::new(&folder).join("providers.rs"), written(&table)) {
                fail(&format!("the table of providers cannot be written: {error}"));
            }
        }
        Err(Wrong(place, why)) => {
            let before = place.and_then(|place| text.get(..place.start)).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            fail(&format!("crates/wire/{TABLE}:{line}: {why}"));
        }
    }
}

/// Cargo shows it and stops.
fn fail(why: &str) {
    println!("cargo::error={}", why.replace('\n', " "));
}

fn read(text: &str) -> Result<Table, Wrong> {
    let mut table: Table =
        toml::from_str(text).map_err(|error| Wrong(error.span(), error.message().to_owned()))?;
    for row in &mut table.provider {
        row.merged = merged(row, &table.common)?;
    }
    let mut names = BTreeSet::new();
    for row in &table.provider {
        check(row, &mut names)?;
    }
    Ok(table)
}

/// The row's own quirks over those it shares.
fn merged(row: &Row, common: &BTreeMap<String, toml::Table>) -> Result<flags::Quirks, Wrong> {
    let mut flags = toml::Table::new();
    if let Some(name) = &row.common {
        let Some(shared) = common.get(name.get_ref()) else {
            return Err(Wrong(Some(name.span()), format!("there are no common quirks `{}`", name.get_ref())));
        };
        flags.extend(shared.clone());
    }
    let id = row.id.get_ref();
    let place = row.quirks.as_ref().map_or_else(|| row.id.span(), Spanned::span);
    let wrong = |why: &str| Wrong(Some(place.clone()), format!("`{id}`: quirks: {why}"));
    if let Some(own) = &row.quirks {
        let mut own = own.get_ref().clone();
        let refused = refused(&flags, &mut own).map_err(|why| wrong(&why))?;
        flags.extend(own);
        flags.insert(UNSUPPORTED.to_owned(), toml::Value::Array(refused));
    }
    let is_said = row.operations.is_some() || flags.contains_key("operations");
    let mut quirks: flags::Quirks =
        flags.try_into().map_err(|error: toml::de::Error| wrong(error.message()))?;
    if let Some(operations) = &row.operations {
        quirks.operations = operations.clone().into();
    }
    if !is_said || quirks.operations.is_empty() {
        return Err(Wrong(Some(row.id.span()), format!("`{id}`: no operations, of its own or in common")));
    }
    Ok(quirks)
}

const UNSUPPORTED: &str = "unsupported";

/// What a row refuses: what its common quirks refuse and its own `unsupported`, without its `supported`. Takes both out.
fn refused(common: &toml::Table, own: &mut toml::Table) -> Result<Vec<toml::Value>, String> {
    let list = |value: Option<toml::Value>, name: &str| match value {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("`{name}` is not a list")),
    };
    let mut refused = list(common.get(UNSUPPORTED).cloned(), UNSUPPORTED)?;
    for item in list(own.remove(UNSUPPORTED), UNSUPPORTED)? {
        if refused.contains(&item) {
            return Err(format!("`unsupported` has {item:?} already"));
        }
        refused.push(item);
    }
    for item in list(own.remove("supported"), "supported")? {
        let Some(place) = refused.iter().position(|other| *other == item) else {
            return Err(format!("`supported`: {item:?} is not unsupported"));
        };
        refused.remove(place);
    }
    Ok(refused)
}

fn check<'a>(row: &'a Row, names: &mut BTreeSet<&'a str>) -> Result<(), Wrong> {
    let wrong = |place: &Range<usize>, why: String| Err(Wrong(Some(place.clone()), why));
    let id = row.id.get_ref();
    let here = row.id.span();
    for name in std::iter::once(id).chain(&row.aliases) {
        let is_name = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        };
        if name.is_empty() || !name.bytes().all(is_name) {
            return wrong(
                &here,
                format!("`{name}` is not a valid id: lower-case letters, digits, `-`, `_` and `.`"),
            );
        }
        if !names.insert(name) {
            return wrong(&here, format!("the id or alias `{name}` is there twice"));
        }
    }
    let mut used = BTreeSet::new();
    for address in std::iter::once(&row.base_url).chain(row.base_urls.values()) {
        match check_address(address.get_ref(), row.dialect.get_ref()) {
            Ok(placeholders) => used.extend(placeholders),
            Err(why) => return wrong(&address.span(), format!("`{id}`: base_url {why}")),
        }
    }
    let declared: BTreeSet<String> = row.placeholders.iter().map(|one| one.name.clone()).collect();
    if let Some(missing) = used.difference(&declared).next() {
        return wrong(&here, format!("`{id}`: the placeholder {{{missing}}} is not declared"));
    }
    if let Some(idle) = declared.difference(&used).next() {
        return wrong(&here, format!("`{id}`: the placeholder {{{idle}}} is declared and nowhere used"));
    }
    if let Some(by) = &row.base_urls_by {
        let why = match by.get_ref() {
            _ if row.base_urls.is_empty() => "there are no base_urls to choose from",
            name if !declared.contains(name) => "there is no such placeholder",
            // Where no other address is the one, the usual one has to say the place.
            name if !row.base_url.get_ref().contains(&format!("{{{name}}}")) => "base_url does not have it",
            _ => "",
        };
        if !why.is_empty() {
            return wrong(&by.span(), format!("`{id}`: base_urls_by `{}`: {why}", by.get_ref()));
        }
    }
    for header in &row.headers {
        if header.name.to_ascii_lowercase() != header.name
            || (header.value.is_none() && header.variables.is_empty())
        {
            return wrong(
                &here,
                format!(
                    "`{id}`: the header `{}` needs a lower-case name, and a value or variables",
                    header.name
                ),
            );
        }
    }
    let needs_key = matches!(row.authentication.get_ref(), Authentication::Key | Authentication::Header(_));
    if needs_key && row.key_variables.is_empty() {
        return wrong(&row.authentication.span(), format!("`{id}`: no key_variables to find the key in"));
    }
    let quirks = &row.merged;
    let refuses = |feature| quirks.unsupported.contains(&feature);
    if refuses(flags::Feature::Logprobs) && !refuses(flags::Feature::TopLogprobs) {
        let why = "`logprobs` is unsupported, so `top_logprobs`, which needs it, has to be as well";
        return wrong(&here, format!("`{id}`: {why}"));
    }
    if let Some(parameter) = quirks.parameters.iter().find(|one| one.json.is_empty() || one.name.is_empty()) {
        return wrong(&here, format!("`{id}`: the parameter `{}` needs a name and a value", parameter.name));
    }
    Ok(())
}

/// The placeholders of an address that has the shape of one.
fn check_address(address: &str, dialect: &str) -> Result<BTreeSet<String>, String> {
    let mut placeholders = BTreeSet::new();
    if address.is_empty() && dialect == "cursor-cli" {
        return Ok(placeholders);
    }
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) && !address.starts_with('{') {
        return Err("has to begin with https://, http:// or a placeholder, and name a host".to_owned());
    }
    if address.ends_with('/') || address.contains([' ', '#']) {
        return Err("ends with `/`, or has a space or `#` in it".to_owned());
    }
    let mut rest = address;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err("has a `{` without its `}`".to_owned());
        };
        placeholders.insert(name.to_owned());
        rest = after;
    }
    Ok(placeholders)
}

/// The table as Rust.
fn written(table: &Table) -> String {
    let mut out = String::from("static ROWS: &[ProviderRow] = &[\n");
    for row in &table.provider {
        let authentication = match row.authentication.get_ref() {
            Authentication::Key => "Key".to_owned(),
            Authentication::Header(name) => format!("Header({name:?})"),
            Authentication::Optional => "Optional".to_owned(),
            Authentication::None => "None".to_owned(),
            Authentication::Aws => "Aws".to_owned(),
            Authentication::Google => "Google".to_owned(),
            Authentication::Entra => "Entra".to_owned(),
            Authentication::Watsonx => "Watsonx".to_owned(),
            Authentication::Databricks => "Databricks".to_owned(),
        };
        let addresses: Vec<(&String, &String)> =
            row.base_urls.iter().map(|(region, address)| (region, address.get_ref())).collect();
        let by = row.base_urls_by.as_ref().map_or("region", |by| by.get_ref());
        let placeholders = list(&row.placeholders, |Placeholder { name, variables, default }| {
            format!("Placeholder {{ name: {name:?}, variables: &{variables:?}, default: {default:?} }}")
        });
        let headers = list(&row.headers, |Header { name, variables, value }| {
            format!("HeaderRow {{ name: {name:?}, variables: &{variables:?}, value: {value:?} }}")
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "ProviderRow {{ id: {:?}, name: {:?}, aliases: &{:?}, dialect: {:?}, base_url: {:?}, base_urls: &{addresses:?}, \
             base_urls_by: {by:?}, base_url_variables: &{:?}, placeholders: &{placeholders}, key_variables: &{:?}, \
             authentication: Authentication::{authentication}, headers: &{headers}, quirks: {}, \
             embedding_models: &{:?}, documentation: {:?}, fallback: {:?} }},",
            row.id.get_ref(),
            row.name,
            row.aliases,
            row.dialect.get_ref(),
            row.base_url.get_ref(),
            row.base_url_variables,
            row.key_variables,
            quirks(row.id.get_ref(), &row.merged),
            row.embedding_models,
            row.documentation,
            row.fallback,
        );
    }
    out.push_str("];\n");
    out
}

fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(", "))
}

/// The quirks as a constant. Every flag is named, so that none can be forgotten: a new one does not compile here.
fn quirks(id: &str, quirks: &flags::Quirks) -> String {
    let flags::Quirks {
        provider: _,
        operations,
        path,
        model_prefix,
        model_prefix_stripped,
        unsupported,
        any_conversation,
        top_k,
        max_tokens_parameter,
        seed_parameter,
        dimensions_parameter,
        top_n_parameter,
        embedding_purposes,
        temperature_max,
        temperature_above_zero,
        required_word,
        named_choice,
        tool_id_rule,
        reasoning_request,
        reasoning_in,
        reasoning_echo,
        reasoning_beside_calls,
        media_parts,
        media,
        tool_result_media,
        prefill_parameter,
        schema_strip,
        follow_up_hosts,
        schema_inline,
        answer_schema_whole,
        strict_schema,
        strict_models,
        cache_control,
        api_version,
        prompt_cache_key,
        hosted_tools,
        drop_null_keys,
        alternate_roles,
        parameters,
        usage_in_stream,
        usage_excludes_reasoning,
        done_marker,
        stream_without_finish_reason,
        error_shape,
        errors_in_success,
    } = quirks;
    let text = |text: &str| format!("Cow::Borrowed({text:?})");
    let texts = |items: &[flags::Text]| format!("Cow::Borrowed(&{})", list(items, |item| text(item)));
    let operations = list(operations, |operation| format!("OperationKind::{operation:?}"));
    let features = list(unsupported, |feature| format!("Feature::{feature:?}"));
    let places = list(reasoning_in, |place| format!("ReasoningPlace::{place:?}"));
    let parameters = list(parameters, |flags::Parameter { name, json }| {
        format!("Parameter {{ name: {}, json: {} }}", text(name), text(json))
    });
    let fields: [(&str, String); 45] = [
        ("provider", text(id)),
        ("operations", format!("Cow::Borrowed(&{operations})")),
        ("path", text(path)),
        ("model_prefix", text(model_prefix)),
        ("model_prefix_stripped", text(model_prefix_stripped)),
        ("unsupported", format!("Cow::Borrowed(&{features})")),
        ("any_conversation", any_conversation.to_string()),
        ("top_k", top_k.to_string()),
        ("max_tokens_parameter", word("MaxTokensParameter", max_tokens_parameter)),
        ("seed_parameter", text(seed_parameter)),
        ("dimensions_parameter", text(dimensions_parameter)),
        ("top_n_parameter", text(top_n_parameter)),
        ("embedding_purposes", word("EmbeddingPurposes", embedding_purposes)),
        ("temperature_max", format!("{temperature_max:?}")),
        ("temperature_above_zero", temperature_above_zero.to_string()),
        ("required_word", word("RequiredWord", required_word)),
        ("named_choice", word("NamedChoice", named_choice)),
        ("tool_id_rule", word("ToolIdRule", tool_id_rule)),
        ("reasoning_request", word("ReasoningRequestForm", reasoning_request)),
        ("reasoning_in", format!("Cow::Borrowed(&{places})")),
        ("reasoning_echo", word("ReasoningEcho", reasoning_echo)),
        ("reasoning_beside_calls", reasoning_beside_calls.to_string()),
        ("media_parts", word("MediaParts", media_parts)),
        ("media", media_limits(media)),
        ("tool_result_media", tool_result_media.to_string()),
        ("prefill_parameter", text(prefill_parameter)),
        ("schema_strip", texts(schema_strip)),
        ("follow_up_hosts", texts(follow_up_hosts)),
        ("schema_inline", schema_inline.to_string()),
        ("answer_schema_whole", answer_schema_whole.to_string()),
        ("strict_schema", word("SchemaSubset", strict_schema)),
        ("strict_models", texts(strict_models)),
        ("cache_control", word("CacheControl", cache_control)),
        ("api_version", text(api_version)),
        ("prompt_cache_key", prompt_cache_key.to_string()),
        ("hosted_tools", word("HostedTools", hosted_tools)),
        ("drop_null_keys", drop_null_keys.to_string()),
        ("alternate_roles", alternate_roles.to_string()),
        ("parameters", format!("Cow::Borrowed(&{parameters})")),
        ("usage_in_stream", word("UsageInStream", usage_in_stream)),
        ("usage_excludes_reasoning", usage_excludes_reasoning.to_string()),
        ("done_marker", word("DoneMarker", done_marker)),
        ("stream_without_finish_reason", stream_without_finish_reason.to_string()),
        ("error_shape", word("ErrorShape", error_shape)),
        ("errors_in_success", word("ErrorsInSuccess", errors_in_success)),
    ];
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("Quirks {{ {} }}", fields.join(", "))
}

fn media_limits(limits: &flags::MediaLimits) -> String {
    let flags::MediaLimits {
        image_types,
        image_bytes,
        images,
        images_per_message,
        document_types,
        document_bytes,
        documents_per_message,
        audio_types,
        request_bytes,
    } = limits;
    let types = |items: &[flags::Text]| {
        format!("Cow::Borrowed(&{})", list(items, |item| format!("Cow::Borrowed({item:?})")))
    };
    format!(
        "MediaLimits {{ image_types: {}, image_bytes: {image_bytes:?}, images: {images:?}, \
         images_per_message: {images_per_message:?}, document_types: {}, document_bytes: {document_bytes:?}, \
         documents_per_message: {documents_per_message:?}, audio_types: {}, request_bytes: {request_bytes:?} }}",
        types(image_types),
        types(document_types),
        types(audio_types),
    )
}

fn word(name: &str, value: &impl fmt::Debug) -> String {
    format!("{name}::{value:?}")
}
