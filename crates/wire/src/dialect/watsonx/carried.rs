//! Options that a watsonx request carries: those of Chat Completions. And the name that they are refused under.

use crate::operation::{EmbeddingRequest, RerankRequest};
use crate::options::RequestOption::{InputType, TopN};
use crate::options::{Carried, rules};

/// The name of the format in configuration.
pub(super) const NAME: &str = "watsonx";

pub(super) const EMBEDDINGS_CARRIED: Carried<EmbeddingRequest> =
    Carried { reasons: &[(InputType, rules::PURPOSE_IN_THE_TEXT)], ..Carried::NOTHING };

pub(super) const RERANK_CARRIED: Carried<RerankRequest> = Carried { options: &[TopN], ..Carried::NOTHING };
