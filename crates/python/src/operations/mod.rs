//! Operations other than chat: each is one crossing. Most deliver one dictionary (`answer`) that
//! `python/ferrule/operations/` makes an object of; audio, and what only one kind of server has, come as they are
//! (`raw`).

mod answer;
mod defaults;
mod embedding;
mod media;
mod queries;
mod raw;
mod reranking;
mod start;

pub(crate) use answer::facts;
pub(crate) use defaults::defaults;
pub(crate) use embedding::embed;
pub(crate) use media::{images, speech, transcribe};
pub(crate) use queries::{count_tokens, health, route};
pub(crate) use raw::raw;
pub(crate) use reranking::rerank;
pub(crate) use start::resolve_call;
