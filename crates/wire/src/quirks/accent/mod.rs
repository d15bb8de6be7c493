//! The other side of the quirks: a server that has them, for the simulator.
//!
//! Three things differ at a provider: what it refuses ([`refusal`]), how it writes answers ([`Accent`] and
//! [`whole`]), and what its errors look like ([`error`]). All of them work on what the dialect of OpenAI's chat
//! writes; bytes of other dialects go through as they are.

mod fault;
mod refusal;
mod reply;
mod stream;

pub use fault::error;
pub use refusal::refusal;
pub use reply::whole;
pub use stream::Accent;

#[cfg(test)]
mod tests;
