//! Options that a query carries, and the name that they are refused under.

use crate::dialect::shared::content;
use crate::model::Request;
use crate::options::{Carried, RequestOption, rules};

/// The name of the format in configuration.
pub(super) const NAME: &str = "ruvllm";

pub(super) const CARRIED: Carried<Request> = Carried {
    content: Some(content::fit),
    noted: &[(RequestOption::Cache, rules::CACHES_BY_ITSELF)],
    reason: Some("the server takes a text and nothing else"),
    ..Carried::NOTHING
};
