//! Built-in providers: their settings, which users may override.

use ferrule_engine::{Authentication, ProviderSettings};
use ferrule_wire::{
    providers::{self, ProviderRow},
    quirks::Quirks,
};

/// The settings of the built-in provider `id`, without a key; `None` if there is no such provider, or its address has
/// parts that the user must supply.
pub fn builtin(id: &str) -> Option<ProviderSettings> {
    let row = row(id).filter(|row| !row.base_url.contains('{'))?;
    let headers = row.headers.iter();
    Some(ProviderSettings {
        authentication: row.authentication.into(),
        key_variables: row.key_variables.iter().map(|&name| name.to_owned()).collect(),
        headers: headers
            .filter_map(|header| Some((header.name.to_owned(), header.value?.to_owned())))
            .collect(),
        quirks: row.quirks.clone(),
        ..ProviderSettings::new(id, row.dialect, row.base_url)
    })
}

/// How requests to provider `id` are authorised. A user-defined provider may not need a key.
pub fn authentication(id: &str) -> Authentication {
    row(id).map_or(Authentication::Optional, |row| row.authentication.into())
}

/// The quirks of provider `id`: its built-in row's, overridden by `given`, a JSON object of quirks by name.
pub fn quirks(id: &str, given: Option<&str>) -> Result<Quirks, String> {
    let built_in = row(id).map(|row| row.quirks.clone());
    let quirks = built_in.unwrap_or(Quirks { provider: id.to_owned().into(), ..Quirks::NONE });
    let Some(given) = given else { return Ok(quirks) };
    let wrong = |error: serde_json::Error| format!("providers.{id}.quirks: {error}");
    let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(given).map_err(wrong)?;
    let mut all = serde_json::to_value(&quirks).map_err(wrong)?;
    if let Some(fields) = all.as_object_mut() {
        fields.extend(given);
    }
    let overridden: Quirks = serde_json::from_value(all).map_err(wrong)?;
    Ok(Quirks { provider: quirks.provider, ..overridden })
}

fn row(id: &str) -> Option<&'static ProviderRow> {
    providers::all().iter().find(|row| row.id.eq_ignore_ascii_case(id))
}
