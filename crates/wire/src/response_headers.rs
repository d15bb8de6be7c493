//! Response headers: information that a successful response has outside its body.

use crate::json::Json;
use alloc::vec::Vec;

/// Information in the headers of a successful response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeaderMetadata {
    /// The cost of the response, in US dollars.
    pub cost: Option<Json>,
    /// Facts about the response, by the names they have among its extra fields.
    pub extra: Vec<(&'static str, Json)>,
}

/// Reads the headers of a LiteLLM proxy, which may be in front of any provider: the cost of the response, and the
/// deployment that answered. `get` looks a header up by its lower-case name.
pub(crate) fn litellm<'h>(get: &dyn Fn(&str) -> Option<&'h str>) -> HeaderMetadata {
    let cost = get("x-litellm-response-cost").and_then(|cost| Json::parse(cost).ok());
    let extra =
        [("x-litellm-model-id", "litellm_model_id"), ("x-litellm-model-api-base", "litellm_model_api_base")]
            .into_iter()
            .filter_map(|(header, name)| Some((name, Json::string(get(header)?))))
            .collect();
    HeaderMetadata { cost: cost.filter(|cost| cost.value().f64().is_some()), extra }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_reports_cost_and_deployment() {
        let headers = [("x-litellm-response-cost", "0.25"), ("x-litellm-model-id", "abc"), ("date", "now")];
        let get = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let metadata = litellm(&get);
        assert_eq!(metadata.cost.unwrap().text(), "0.25");
        assert_eq!(metadata.extra, [("litellm_model_id", Json::string("abc"))]);
        assert_eq!(litellm(&|_| Some("much")).cost, None);
        assert_eq!(litellm(&|_| None), HeaderMetadata::default());
    }
}
