//! Preparation of a call: adds the provider's address, headers and credentials, and the call's options, to an outgoing
//! request.

use crate::{
    failure::Failure, headers::parse_header, options::CallOptions, outgoing::Outgoing, provider::Provider,
    reported::Reported, secrets::Secrets, target::Target,
};
use ferrule_wire::{dialect::shared::has_dot_segment, encode::UnsupportedField};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE},
};
use std::sync::Arc;

/// Headers that are lists: the values of the provider, the dialect and the call are combined.
const MERGED: [&str; 1] = ["anthropic-beta"];

/// Replaces the header of this name, or adds to it if it is a list.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    let merged = MERGED.contains(&name.as_str()).then(|| {
        let known = headers.get(&name)?.to_str().ok()?;
        let added = value.to_str().ok()?;
        let mut names: Vec<&str> = Vec::new();
        for name in known.split(',').chain(added.split(',')).map(str::trim) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        HeaderValue::try_from(names.join(",")).ok()
    });
    headers.insert(name, merged.flatten().unwrap_or(value));
}

/// Prepares `outgoing` for `provider`.
pub(crate) fn prepare(
    provider: &Arc<Provider>,
    model: String,
    outgoing: Outgoing,
    options: &CallOptions,
) -> Result<Target, Failure> {
    let Outgoing {
        method,
        path,
        query,
        content_type,
        headers: of_dialect,
        body,
        stream,
        accept,
        is_callers_path,
        dropped,
        continues,
    } = outgoing;
    if !is_callers_path && has_dot_segment(&path) {
        return Err(Failure::Unsupported(UnsupportedField {
            field: "model".to_owned(),
            dialect: provider.dialect.name(),
            reason: "the name has a segment of dots, which would lead to another address".to_owned(),
        }));
    }
    let mut url = provider.address(&path, method == Method::POST);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut secrets = Secrets::default();
    if !options.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&options.query);
        options.query.iter().for_each(|(name, value)| secrets.add_parameter(name, value));
    }
    let mut headers = HeaderMap::with_capacity(provider.headers.len() + 6);
    headers.extend(provider.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    if let Some(content_type) = content_type {
        let content_type = HeaderValue::try_from(&*content_type)
            .map_err(|_| Failure::Config("the content type cannot be sent".to_owned()))?;
        headers.insert(CONTENT_TYPE, content_type);
    }
    if let Some(media_type) = stream.or(accept) {
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static(media_type));
    }
    if stream.is_some() {
        // A compressed stream arrives whenever the compressor flushes.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    for (name, value) in of_dialect {
        let name = HeaderName::from_static(name);
        let is_named = provider.named.contains(&name);
        if is_named && !MERGED.contains(&name.as_str()) {
            continue;
        }
        let value = HeaderValue::try_from(value)
            .map_err(|_| Failure::Config(format!("the header {name} cannot be sent")))?;
        insert(&mut headers, name, value);
    }
    let mut own_headers = Vec::new();
    for (name, value) in &options.headers {
        let (name, value) = parse_header(name, value, &mut secrets).map_err(Failure::Config)?;
        own_headers.push(name.clone());
        insert(&mut headers, name, value);
    }
    Ok(Target {
        authorised: provider.is_authorised(&headers)?,
        provider: Arc::clone(provider),
        model,
        method,
        url,
        headers,
        own_headers,
        body,
        dropped,
        secrets,
        stream: stream.is_some(),
        context: options.context.clone(),
        continues,
        reported: Reported::default(),
        key: None,
        state: None,
        measured: None,
        admitted: None,
    })
}
